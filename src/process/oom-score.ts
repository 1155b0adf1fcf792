/**
 * `oom-score-adj`: tells Linux's out-of-memory killer whom to spare, a master rather than a replica. There is no child process
 * here that could go first. Source of behaviour: setOOMScoreAdj in Redis's server.c.
 */
import fs from 'node:fs'
import type { Config } from '../config/config.js'
import { strerror } from '../config/strerror.js'
import type { Log } from '../observe/log.js'

const FILE = '/proc/self/oom_score_adj'
const MAX_SCORE = 1000
const FAILED = 'Failed to set current oom_score_adj. Check server logs.'

export class OomScore {
  private readonly config: Config
  private readonly log: Log
  /** The score that the process was started with, once it has been changed. */
  private original: number | null = null
  private current = 0

  constructor(config: Config, log: Log) {
    this.config = config
    this.log = log
  }

  /** Sets the score of the role, or the original one when the directive was switched off. Returns null or what is wrong. */
  apply(isReplica: boolean): string | null {
    const { 'oom-score-adj': mode, 'oom-score-adj-values': values } = this.config.values
    if (mode === 'no') {
      if (this.original === null) return null
      const { original } = this
      this.original = null
      return this.write(original)
    }
    if (this.original === null) {
      const score = this.read()
      if (score === null) return FAILED
      this.original = score
      this.current = score
    }
    const wanted = values[isReplica ? 1 : 0] + (mode === 'absolute' ? 0 : this.original)
    const score = Math.min(Math.max(wanted, -MAX_SCORE), MAX_SCORE)
    return score === this.current ? null : this.write(score)
  }

  private read(): number | null {
    try {
      return Number(fs.readFileSync(FILE, 'latin1'))
    } catch (error) {
      this.log.warning(`Unable to read oom_score_adj: ${strerror(error)}`)
      return null
    }
  }

  private write(score: number): string | null {
    try {
      fs.writeFileSync(FILE, `${score}\n`)
      this.current = score
      return null
    } catch (error) {
      this.log.warning(`Unable to write oom_score_adj: ${strerror(error)}`)
      return FAILED
    }
  }
}
