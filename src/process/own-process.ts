/** What a server does about the process that is its own: signals, crashes, its supervisor, the kernel, the pid file. */
import { reportCrashes } from '../server/crash-report.js'
import { OomScore } from './oom-score.js'
import { daemonReady, writePidFile } from './process.js'
import { handleSignals, type SignalledServer } from './signals.js'
import { findSupervisor, logSupervision, type Supervisor, signalReadiness } from './supervision.js'

/** The server, as far as its process is concerned. */
export interface ProcessServer extends SignalledServer {
  supervisedBy: string
  onStateChange: () => unknown
  pidFile: string | null
}

export class OwnProcess {
  private readonly server: ProcessServer
  private readonly supervisor: Supervisor

  constructor(server: ProcessServer) {
    const { config, log } = server
    this.server = server
    handleSignals(server)
    reportCrashes(server)
    this.supervisor = findSupervisor(config)
    server.supervisedBy = this.supervisor
    logSupervision(config, this.supervisor, log)
    const score = new OomScore(config, log)
    const setScore = (): string | null => score.apply(server.replication.master !== null)
    setScore()
    config.onChange('oom-score-adj', setScore)
    config.onChange('oom-score-adj-values', setScore)
    server.onStateChange = setScore
  }

  /** The server accepts connections: whoever waits for that is told. */
  started(): void {
    const { server } = this
    server.pidFile = writePidFile(server.config, server.log)
    daemonReady()
    signalReadiness(this.supervisor, server.replication.master !== null, server.log)
  }
}
