/** The server: brings the rooms together and owns what runs between requests. */

import { Acl } from '../acl/acl.js'
import type { User } from '../acl/user.js'
import { type Clock, SystemClock } from '../clock/clock.js'
import { performance, setImmediate } from '../clock/platform.js'
import { aclCatalog } from '../commands/acl/catalog.js'
import { allCommands } from '../commands/all.js'
import type { Unfinished } from '../commands/blocking/key-wait.js'
import { KeyWaits } from '../commands/blocking/key-waits.js'
import { PAUSE_NOTHING, Pause } from '../commands/blocking/pause.js'
import type { QueuedCommand, Transport } from '../commands/client.js'
import { Client, REPLY_OFF, REPLY_SKIP, REPLY_SKIP_NEXT } from '../commands/client.js'
import { clientLine } from '../commands/client-line.js'
import { type Command, CommandTable } from '../commands/command.js'
import type { Propagated } from '../commands/context.js'
import { REPLY_PEAK_RESET_MS } from '../commands/debug/reply-buffer.js'
import { KeyLocks } from '../commands/generic/key-locks.js'
import { PayloadPreparations } from '../commands/generic/payload-preparations.js'
import { Scripts } from '../commands/scripting/scripts.js'
import type { ServerApi, ServerStats, ShutdownOptions } from '../commands/server-api.js'
import type { Config } from '../config/config.js'
import { EVENT_NEW } from '../config/keyspace-events.js'
import { closeInSlices } from '../network/close-in-slices.js'
import { Connection } from '../network/connection.js'
import type { ConnectionHost, TurnTaker } from '../network/connection-host.js'
import { ListenError, Listener, type ListenerOptions } from '../network/listener.js'
import { NO_TRANSPORT } from '../network/no-transport.js'
import { closeHandle, refuse, startReading } from '../network/node-handles.js'
import { OutputsUnderWay } from '../network/output-queue.js'
import { ReplyStreams, type StreamTaker } from '../network/reply-streams.js'
import { RequestBatch } from '../network/request-batch.js'
import { ipOf, type StreamHandle } from '../network/stream-handle.js'
import { TurnEnd } from '../network/turn-end.js'
import type { CommandLogs } from '../observe/command-log.js'
import { EventLoop } from '../observe/event-loop.js'
import type { LatencyMonitor } from '../observe/latency-monitor.js'
import type { Log } from '../observe/log.js'
import type { Monitors } from '../observe/monitors.js'
import { Rates } from '../observe/rates.js'
import { RecentPeak } from '../observe/recent-peak.js'
import { AppendOnlyFile } from '../persistence/aof/append-only-file.js'
import { Saver } from '../persistence/saver.js'
import { KeyspaceEvents } from '../pubsub/keyspace-events.js'
import { PubSub } from '../pubsub/pubsub.js'
import { Replication } from '../replication/replication.js'
import { randomId } from '../replication/stream.js'
import { TargetConnections } from '../replication/target-connections.js'
import { PendingRequests } from '../resp/pending-request.js'
import type { ReplySource } from '../resp/reply-source.js'
import { ReplyWriter } from '../resp/reply-writer.js'
import { Request } from '../resp/request.js'
import { RequestParser } from '../resp/request-parser.js'
import { ActiveExpire } from '../store/active-expire.js'
import { Compaction } from '../store/compaction.js'
import { Eviction } from '../store/eviction.js'
import { Keyspace } from '../store/keyspace.js'
import { Tracking, type TrackingHost } from '../tracking/tracking.js'
import { defaultLimits } from '../types/value-limits.js'
import { Appending } from './appending.js'
import { applyConfig } from './apply-config.js'
import { ClientEviction } from './client-eviction.js'
import { ServerClockFollower } from './clock-follower.js'
import { CommandWatch } from './command-watch.js'
import { logCrash } from './crash-report.js'
import { Cron } from './cron.js'
import { Dispatcher } from './dispatcher.js'
import { Faults } from './faults.js'
import { Following } from './following.js'
import { gatesOf } from './gates.js'
import { infoText } from './info/info.js'
import { KeyspaceReports } from './keyspace-reports.js'
import { OutputLimits } from './limits.js'
import { type AofLoaderHost, loadAppendOnlyFile } from './loading/aof-loader.js'
import { Loader } from './loading/loader.js'
import { Memory } from './memory.js'
import { MemoryLimit, type MemoryLimitHost } from './memory-limit.js'
import { lowerMaxclients } from './open-files.js'
import { setProcessTitle } from './process-title.js'
import { Propagation } from './propagation.js'
import { ScriptCalls } from './script-calls.js'
import { Shutdown } from './shutdown.js'
import { warmUp } from './warm-up.js'
import { warnOfUnwritableDirectory } from './working-directory.js'

/** The exit code that abort() leaves behind: 128 plus SIGABRT's number. */
const ABORTED = 134
const READ_BUFFER_BYTES = 64 * 1024
/** How long the requests of one read may hold up those of others. */
const LONG_TURN_MS = 3

const PROTECTED_MODE =
  "-DENIED Redis is running in protected mode because protected mode is enabled and no password is set for the default user. In this mode connections are only accepted from the loopback interface. If you want to connect from external computers to Redis you may adopt one of the following solutions: 1) Just disable protected mode sending the command 'CONFIG SET protected-mode no' from the loopback interface by connecting to Redis from the same host the server is running, however MAKE SURE Redis is not publicly accessible from internet if you do so. Use CONFIG REWRITE to make this change permanent. 2) Alternatively you can just disable the protected mode by editing the Redis configuration file, and setting the protected mode option to 'no', and then restarting the server. 3) If you started the server manually just for testing, restart it with the '--protected-mode no' option. 4) Setup a an authentication password for the default user. NOTE: You only need to do one of the above things in order for the server to start accepting connections from the outside.\r\n"

/** A way to the server beside its own sockets. */
export interface Companion {
  /** Clients may connect, the data is not loaded yet. What it rejects with keeps the server from starting. */
  open(): Promise<void>
  /** See Server.holdProcess(). */
  holdProcess(holds: boolean): void
  /** Resolves when nothing of it is left. */
  close(): Promise<void>
}

export class Server implements ServerApi, ConnectionHost, MemoryLimitHost, TrackingHost, AofLoaderHost {
  readonly config: Config
  readonly log: Log
  readonly keyspace: Keyspace
  readonly commands: CommandTable
  readonly clients = new Map<number, Client>()
  readonly saver: Saver
  readonly replication: Replication
  readonly aof: AppendOnlyFile
  readonly propagation: Propagation
  readonly loader: Loader
  readonly runId = randomId()
  readonly pubsub = new PubSub()
  readonly events = new KeyspaceEvents(this.pubsub)
  readonly acl: Acl
  readonly tracking = new Tracking(this)
  readonly pause: Pause
  readonly keyLocks = new KeyLocks(() => this.stateChanged())
  readonly targets: TargetConnections
  readonly keyWaits: KeyWaits
  readonly payloads = new PayloadPreparations(this)
  /** What a test wants to go wrong. */
  readonly faults: Faults
  readonly scripts: Scripts
  readonly stats: ServerStats = {
    startedMs: 0,
    connectionsReceived: 0,
    connectionsRejected: 0,
    commandsProcessed: 0,
    bytesIn: 0,
    bytesOut: 0,
    reads: 0,
    writes: 0,
    errors: new Map(),
    errorReplies: 0,
    unexpectedErrorReplies: 0,
    nestedMs: 0,
    rates: new Rates(),
    recentInput: new RecentPeak(),
    recentOutput: new RecentPeak(),
    payloadSanitizations: 0,
    evictedClients: 0,
    queryBufferDisconnections: 0,
    outputLimitDisconnections: 0,
  }
  readonly eventLoop = new EventLoop()
  readonly replyBuffer = { peakResetMs: REPLY_PEAK_RESET_MS, resizing: true }
  readonly expiry: ActiveExpire
  readonly clientEviction = new ClientEviction(this)
  readonly memory: Memory
  readonly memoryLimit: MemoryLimit
  readonly eviction: Eviction
  readonly compaction: Compaction
  activeExpire = true
  /** It has clients inside the process. */
  mayListenNowhere = false
  cronPaused = false
  skipsChecksums = false
  /** Who looks after this process (INFO process_supervised). */
  supervisedBy = 'no'
  /** What is opened, held and closed with it. */
  companion: Companion | null = null
  private companionClosed: Promise<void> | undefined
  /** Called when role, link or save state have changed. */
  onStateChange: () => unknown = () => {}
  /** Called when a client has come, and when it is gone. */
  onConnection: ((client: Client, isThere: boolean) => void) | null = null
  /** Sockets and timers keep the process from ending: holdProcess(). */
  private holdsProcess = true
  /** The pid file that was written, to be removed at the end. */
  pidFile: string | null = null

  // ConnectionHost: what all connections share
  readonly readBuffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES)
  readonly limits: { maxBulkBytes: number; queryBufferBytes: number }
  readonly valueLimits = defaultLimits()
  readonly parser: RequestParser
  readonly batch: RequestBatch
  readonly unfinished: PendingRequests
  readonly outputs = new OutputsUnderWay()
  readonly replies = new ReplyWriter(this.outputs.memory)
  serving: Client | null = null
  readonly latePushes: Buffer[] = []
  readonly clientAccount = this.clientEviction

  readonly outputLimits: OutputLimits
  readonly watch: CommandWatch
  private readonly dispatcher: Dispatcher
  private readonly listener: Listener
  private listeningOn: ListenerOptions | null = null
  private readonly cron: Cron
  /** For a clock that is moved by hand. */
  readonly clockFollower = new ServerClockFollower(this)
  readonly shuttingDown: Shutdown
  readonly turnEnd: TurnEnd
  /** Whose requests are being served, and since when: performance.now(). Several reads in a row are one turn. */
  private turnOf: TurnTaker | null = null
  private turnStartedMs = 0
  private connectionCount = 0
  isDown = false
  private onDisconnected: () => void = () => {}
  private stopWarmUp: () => void = () => {}
  private nextClientId = 1
  private readonly replyStreams = new ReplyStreams()
  private readonly tasks: (() => void)[] = []
  private tasksScheduled = false
  private readonly onExit: (code: number) => void

  /**
   * Throws what is wrong with the configuration's users.
   *
   * @param onExit ends the process, or tells whoever embeds the server that it has stopped.
   */
  constructor(config: Config, log: Log, onExit: (code: number) => void, clock: Clock = new SystemClock()) {
    this.config = config
    this.log = log
    this.onExit = onExit
    config.warn = text => log.warning(text)
    this.commands = new CommandTable(allCommands, config.renamedCommands)
    this.acl = new Acl(aclCatalog(this.commands), config, log)
    this.keyspace = new Keyspace(config.values.databases, null, clock)
    this.stats.startedMs = clock.now()
    this.faults = new Faults(this, clock)
    this.pause = new Pause(clock, () => this.pauseChanged())
    this.targets = new TargetConnections(clock)
    this.keyWaits = new KeyWaits(this)
    this.expiry = new ActiveExpire(this.keyspace)
    this.limits = {
      maxBulkBytes: config.values['proto-max-bulk-len'],
      queryBufferBytes: config.values['client-query-buffer-limit'],
    }
    this.parser = new RequestParser(new Request(), this.limits)
    this.batch = new RequestBatch(this.commands, this.limits)
    this.unfinished = new PendingRequests(this.limits)
    this.saver = new Saver(this.keyspace, config, log)
    this.replication = new Replication(this.keyspace, this.saver, config, log, new Following(this))
    const nobody = new Client(0, NO_TRANSPORT, this.keyspace.databases[0], this.keyspace.time.now())
    this.outputLimits = new OutputLimits(config, log, this.stats)
    this.watch = new CommandWatch(config, this.keyspace)
    this.aof = new AppendOnlyFile(this.keyspace, this.saver, config, log, this.latency, new Appending(this))
    this.turnEnd = new TurnEnd(this.aof.log, () => this.endTurn())
    this.propagation = new Propagation(this.replication, this.aof)
    this.memory = new Memory(this, this.clientEviction)
    this.eviction = new Eviction(this.keyspace)
    this.compaction = new Compaction(this.keyspace)
    this.memoryLimit = new MemoryLimit(this, this.memory, this.eviction)
    this.dispatcher = new Dispatcher(
      this,
      this.watch,
      this.memoryLimit,
      this.clientEviction,
      this.replies,
      nobody,
      this.faults,
    )
    this.scripts = new Scripts(this, new ScriptCalls(this, this.dispatcher))
    this.saver.libraries = () => this.scripts.functions.codes()
    this.keyspace.listener = new KeyspaceReports(this, this.dispatcher)
    this.keyspace.entries.lent.outputs = this.outputs
    this.keyspace.released.outputs = this.outputs
    this.loader = new Loader(this)
    this.listener = new Listener((handle, unixSocket) => this.accept(handle, unixSocket), log)
    this.cron = new Cron(this)
    this.shuttingDown = new Shutdown(this, code => this.exit(code))
    this.saver.onSlice = ms => this.latency.add('snapshot', ms)
    this.saver.onStatus = () => this.stateChanged()
    applyConfig(this)
    log.setLevel(config.values.loglevel)
  }

  /** Listens and loads the data. Rejects with what keeps the server from starting. */
  async start(): Promise<void> {
    lowerMaxclients(this.config, this.log)
    this.acl.loadAtStart()
    await this.listen()
    if (this.listener.isIdle && !this.mayListenNowhere)
      throw new ListenError('Configured to not listen anywhere, exiting.')
    warnOfUnwritableDirectory(this.config, this.log)
    await this.companion?.open()
    this.log.notice('Server initialized')
    this.cron.start()
    await this.loader.loadAtStart()
    this.replication.startFollowing()
    this.stateChanged()
    if (this.config.values.port !== 0) this.log.notice('Ready to accept connections tcp')
    if (this.config.values.unixsocket !== '') this.log.notice('Ready to accept connections unix')
    const { maxmemory } = this.config.values
    if (maxmemory > 0 && maxmemory < 1024 * 1024) {
      this.log.warning(
        `WARNING: You specified a maxmemory value that is less than 1MB (current value is ${maxmemory} bytes). Are you sure this is what you really want?`,
      )
    }
    this.stopWarmUp = warmUp(this.commands.all, () => this.stats.commandsProcessed)
  }

  private async listen(): Promise<void> {
    const { values } = this.config
    this.listeningOn = {
      bind: values.port === 0 ? [] : values.bind,
      port: values.port,
      backlog: values['tcp-backlog'],
      unixSocket: values.unixsocket === '' ? '' : this.config.path(values.unixsocket),
      unixSocketMode: values.unixsocketperm,
    }
    await this.listener.open(this.listeningOn)
    this.updateTitle()
  }

  /** CONFIG SET port and bind: listens anew; connections stay. Rejects with what went wrong. */
  async relisten(): Promise<void> {
    const before = this.listeningOn
    this.listener.close()
    try {
      await this.listen()
    } catch (error) {
      // What can be told at once CONFIG SET refuses and takes back. That a host name cannot be had shows only now.
      if (before !== null && this.listener.failed) await this.listenAsBefore(before)
      throw error
    }
  }

  private async listenAsBefore(options: ListenerOptions): Promise<void> {
    const { values } = this.config
    values.bind = options.bind
    values.port = options.port
    await this.listen()
  }

  get latency(): LatencyMonitor {
    return this.watch.latency
  }
  get monitors(): Monitors {
    return this.watch.monitors
  }
  get commandLogs(): CommandLogs {
    return this.watch.logs
  }

  updateTitle(): void {
    const { bind, port } = this.config.values
    const first = bind[0] ?? '*'
    setProcessTitle(this.config, `${first.startsWith('-') ? first.slice(1) : first}:${port}`, port)
  }

  /** Connecting fails, as where nobody listens, until the returned function is called. */
  refuseConnections(refused: () => void): () => void {
    return this.listener.refuse(refused)
  }

  get listeningPort(): number {
    return this.listener.port
  }

  /** The addresses asked for cannot be had. */
  get cannotListen(): boolean {
    return this.listener.failed
  }

  get inTransaction(): boolean {
    return this.dispatcher.context.inTransaction
  }

  get mayEvict(): boolean {
    if (this.loader.loading || this.keyspace.writesPaused) return false
    return this.replication.master === null || !this.config.values['replica-ignore-maxmemory']
  }

  // Clients

  /** A connection has come; null: it is turned away. */
  accept(handle: StreamHandle, unixSocket: string | null): Client | null {
    if (this.listener.refusesNow()) {
      closeHandle(handle)
      return null
    }
    return this.take(handle, unixSocket)
  }

  /** One from inside the process. False: connecting fails, as a test wants it. */
  acceptInside(handle: StreamHandle): boolean {
    if (this.listener.refusesNow()) return false
    this.take(handle, null)
    return true
  }

  private take(handle: StreamHandle, unixSocket: string | null): Client | null {
    this.stats.connectionsReceived++
    const refusal = this.refusalAtTheDoor(handle, unixSocket)
    if (refusal !== null) {
      this.stats.connectionsRejected++
      refuse(handle, refusal)
      return null
    }
    const { defaultUser } = this.acl
    return this.open(handle, unixSocket, defaultUser, defaultUser.isOpen)
  }

  /** A connection of the program that the server is part of: it may do everything, and speaks RESP3. */
  acceptOwner(handle: StreamHandle): void {
    this.open(handle, null, this.acl.owner, true, true)
  }

  private open(
    handle: StreamHandle,
    unixSocket: string | null,
    user: User,
    authenticated: boolean,
    isOwn = false,
  ): Client {
    const connection = new Connection(this, handle, unixSocket)
    const client = new Client(this.takeClientId(), connection, this.keyspace.databases[0], this.keyspace.time.now())
    connection.client = client
    client.user = user
    client.authenticated = authenticated
    client.isOwn = isOwn
    if (isOwn) client.resp = 3
    client.updateChecks()
    this.clients.set(client.id, client)
    this.connectionCount++
    if (this.clientAccount.accounting) this.clientAccount.update(client)
    handle.setNoDelay?.(true)
    const keepAliveSeconds = this.config.values['tcp-keepalive']
    if (keepAliveSeconds > 0) handle.setKeepAlive?.(true, keepAliveSeconds)
    if (!this.holdsProcess) handle.unref?.()
    startReading(handle, this.readBuffer, connection)
    this.faults.admit(client)
    this.onConnection?.(client, true)
    return client
  }

  private refusalAtTheDoor(handle: StreamHandle, unixSocket: string | null): string | null {
    const { values } = this.config
    if (this.clients.size >= values.maxclients) return '-ERR max number of clients reached\r\n'
    const isProtected = values['protected-mode'] && this.acl.defaultUser.noPassword
    return isProtected && unixSocket === null && !isLoopback(ipOf(handle, 'getpeername')) ? PROTECTED_MODE : null
  }

  now(): number {
    return this.keyspace.time.now()
  }

  beginRequests(bytes: Buffer): void {
    this.propagation.lend(bytes)
  }

  endRequests(): void {
    this.dispatcher.endRun()
    this.propagation.settle()
  }

  beginTurn(connection: TurnTaker | null = null): void {
    this.keyspace.setNow(this.keyspace.time.now())
    this.dispatcher.beginTurn()
    if (connection !== null) connection.client.lastInteractionMs = this.keyspace.nowMs
    if (connection === null || connection !== this.turnOf) {
      this.turnOf = connection
      this.turnStartedMs = this.dispatcher.clockMs
    }
    const { eventLoop } = this
    // A turn that nobody was answered in never ended.
    if (!this.turnEnd.hasAnswers || !eventLoop.inTurn) {
      eventLoop.turnBegan(this.dispatcher.clockMs, this.stats.commandsProcessed)
    }
  }

  private endTurn(): void {
    this.turnOf = null
    this.eventLoop.turnEnded(this.dispatcher.clockMs, this.stats.commandsProcessed)
    if (this.aof.log.isOpen) {
      const before = performance.now()
      this.aof.log.flush()
      this.eventLoop.aofMs += performance.now() - before
    }
    this.replication.replicas.flush()
  }

  finishTurn(): void {
    this.turnEnd.finish()
  }

  get turnIsLong(): boolean {
    return this.dispatcher.clockMs - this.turnStartedMs > LONG_TURN_MS
  }

  resumeLater(connection: TurnTaker): void {
    this.afterTurn(() => {
      this.turnEnd.finish()
      this.turnOf = null
      connection.resume()
    })
  }

  flushLater(connection: TurnTaker): void {
    this.turnEnd.flushLater(connection)
  }

  streamLater(connection: StreamTaker): void {
    this.replyStreams.later(connection)
  }

  postLater(connection: TurnTaker): void {
    this.turnEnd.postLater(connection)
  }

  dispatch(client: Client, request: Request, command?: Command | null): void {
    this.serving = client
    this.dispatcher.execute(client, request, command)
    this.serving = null
    if (this.latePushes.length !== 0) this.appendLatePushes()
    if (this.keyWaits.hasReady && !this.keyspace.isHalfDone) {
      // The writer is needed for others.
      client.transport.flush()
      this.keyWaits.serve()
    }
  }

  scriptPaused(): void {
    this.keyspace.isHalfDone = this.scripts.busy
    this.pauseChanged()
  }

  answer(client: Client): void {
    if (client.isMuted || !this.clients.has(client.id)) this.replies.clear()
    client.replyFlags &= ~REPLY_SKIP
    if (this.latePushes.length !== 0) this.appendLatePushes()
    client.transport.flush(true)
    if (this.clientAccount.accounting) this.clientAccount.update(client)
  }

  afterScript(rest: () => void): void {
    this.dispatcher.afterScript(rest)
  }

  serveWaiting(): void {
    if (!this.keyWaits.hasReady || this.keyspace.isHalfDone) return
    this.beginTurn()
    this.keyWaits.serve()
  }

  runAgain(client: Client, { command, request }: Unfinished): void {
    const { keyspace } = this
    // Keys may have expired while what woke it ran.
    keyspace.nowMs = this.keyspace.time.now()
    client.lastInteractionMs = keyspace.nowMs
    // What CLIENT REPLY SKIP has asked for still holds.
    if ((client.replyFlags & REPLY_SKIP) !== 0) client.replyFlags |= REPLY_SKIP_NEXT
    this.serving = client
    this.dispatcher.execute(client, request, command)
    this.serving = null
    if (this.latePushes.length !== 0) this.appendLatePushes()
    // One command may serve thousands.
    client.transport.flush(true)
    if (this.clientAccount.accounting) this.clientAccount.update(client)
  }

  conclude(client: Client, { command, request }: Unfinished): void {
    const { keyspace } = this
    keyspace.nowMs = this.keyspace.time.now()
    client.lastInteractionMs = keyspace.nowMs
    if ((client.replyFlags & REPLY_SKIP) !== 0) client.replyFlags |= REPLY_SKIP_NEXT
    this.serving = client
    this.dispatcher.conclude(client, command, request)
    this.serving = null
    if (this.latePushes.length !== 0) this.appendLatePushes()
    client.transport.flush(true)
    if (this.clientAccount.accounting) this.clientAccount.update(client)
    // What it has sent meanwhile.
    if (client.transport.pendingInputBytes > 0) this.afterTurn(() => client.transport.resume())
  }

  propagateTogether(propagated: readonly Propagated[]): void {
    this.dispatcher.propagateTogether(propagated)
  }

  pushAhead(): void {
    const { latePushes, serving, tracking } = this
    if (serving !== null && serving.tracking !== null) tracking.flushPending(serving, serving.tracking)
    if (latePushes.length !== 0) this.appendLatePushes()
  }

  private appendLatePushes(): void {
    for (const push of this.latePushes) this.replies.append(push)
    this.latePushes.length = 0
  }

  callQueued(client: Client, queued: QueuedCommand): void {
    this.dispatcher.callQueued(client, queued)
  }

  get holdsReplies(): boolean {
    return this.aof.log.holdsReplies
  }

  outputGrew(client: Client): void {
    const now = this.keyspace.time.now()
    this.stats.recentOutput.note(client.transport.pendingOutputBytes, now)
    this.outputLimits.check(client, now)
  }

  hasOutputLimit(client: Client): boolean {
    return this.outputLimits.limitOf(client).hardBytes > 0
  }

  protocolError(client: Client, text: string): void {
    this.log.verbose(`Protocol error (${text}) from client: id=${client.id} addr=${client.address}`)
    if ((client.replyFlags & (REPLY_OFF | REPLY_SKIP_NEXT)) === 0) this.replies.error(`ERR Protocol error: ${text}`)
    client.transport.closeAfterReplies()
  }

  queryBufferExceeded(client: Client): void {
    this.stats.queryBufferDisconnections++
    this.log.warning(
      `Closing client that reached max query buffer length: ${clientLine(client, this.keyspace.nowMs, null)}`,
    )
    client.transport.close()
  }

  /** The client is gone; its connection may still be closing. */
  forget(client: Client): void {
    if (!this.clients.delete(client.id)) return
    this.onConnection?.(client, false)
    this.clientEviction.forget(client)
    this.outputLimits.forget(client)
    this.faults.forget(client)
    client.blocked?.cancel()
    if (client.preparation !== null) this.payloads.end(client)
    client.unwatchAll()
    client.transaction = null
    this.pubsub.forget(client)
    this.monitors.remove(client)
    this.tracking.disable(client)
    if (client.replica !== null) this.replication.replicaGone(client.replica)
  }

  closed(client: Client): void {
    this.forget(client)
    if (--this.connectionCount === 0) this.onDisconnected()
  }

  /** Resolves when the last connection is closed. */
  async disconnected(): Promise<void> {
    await new Promise<void>(resolve => {
      this.onDisconnected = resolve
      if (this.connectionCount === 0) resolve()
    })
    await this.companionClosed
  }

  disconnect(clients: readonly Client[], current: Client): void {
    const transports: Transport[] = []
    for (const client of clients) {
      if (client === current) client.transport.closeAfterReplies()
      else {
        client.closing = true
        this.forget(client)
        transports.push(client.transport)
      }
    }
    closeInSlices(transports)
  }

  // Between turns

  broadcastLater(): void {
    this.afterTurn(() => this.tracking.broadcast())
  }

  afterTurn(task: () => void): void {
    this.tasks.push(task)
    if (this.tasksScheduled) return
    this.tasksScheduled = true
    setImmediate(() => {
      this.tasksScheduled = false
      for (const next of this.tasks.splice(0)) next()
    })
  }

  updateReports(): void {
    this.keyspace.reportsNewKeys = (this.events.classes & EVENT_NEW) !== 0 || this.keyWaits.active
  }

  /** Works out what commands have to be asked about. */
  stateChanged(): void {
    this.dispatcher.gate = gatesOf(this)
    if (!this.memoryLimit.inForce) this.dispatcher.context.outOfMemory = false
    this.onStateChange()
    this.keyspace.notesExpiries = this.replication.master !== null && !this.config.values['replica-read-only']
  }

  private pauseChanged(): void {
    this.keyspace.writesPaused = this.pause.level !== PAUSE_NOTHING || this.keyspace.isHalfDone
    this.stateChanged()
    if (!this.keyspace.writesPaused) this.replication.unpaused()
    if (!this.keyspace.isHalfDone) this.replication.replicas.fullSyncs.beginForWaiting()
  }

  // What a master sends

  takeClientId(): number {
    return this.nextClientId++
  }

  executeFromMaster(client: Client, request: Request, command?: Command | null): void {
    this.keyspace.obeysMaster = true
    client.lastInteractionMs = this.keyspace.nowMs
    this.dispatcher.execute(client, request, command)
    this.keyspace.obeysMaster = false
    this.replies.clear()
    if (this.keyWaits.hasReady) this.keyWaits.serve()
  }

  replay(client: Client, command: Command, request: Request): string | null {
    return this.dispatcher.replay(client, command, request)
  }

  async reloadAppendOnlyFile(): Promise<boolean> {
    const { aof, keyspace, log, scripts } = this
    // What a thread is writing just now comes ahead of the rest.
    await new Promise<void>(done => {
      aof.log.whenWritten(() => {
        aof.log.flushNow()
        done()
      })
    })
    keyspace.flushAll(false)
    scripts.functions.clear()
    try {
      const result = await loadAppendOnlyFile(this)
      keyspace.dirty = 0
      if (result === 'absent') return false
      log.notice('Append Only File loaded by DEBUG LOADAOF')
      return true
    } catch (error) {
      log.warning((error as Error).message)
      return false
    }
  }

  // The end

  info(sections: readonly string[]): string {
    return infoText(this, sections)
  }

  /** Nobody reaches it any more, and nobody is told. */
  cutOff(): void {
    this.listener.close()
    this.companionClosed = this.companion?.close()
    this.replication.close()
    for (const { transport } of this.clients.values()) transport.close()
  }

  runCron(nowMs: number): void {
    this.cron.run(nowMs)
  }

  /** All data is another: replicas and the append-only file have to be given all of it. */
  dataReplaced(): void {
    this.replication.startNewHistory()
    if (this.aof.state === 'off') return
    this.aof.stop()
    this.aof.start(false)
  }

  /** Whether the process goes on for as long as the server does. What is under way may hold it a little longer. */
  holdProcess(holds: boolean): void {
    this.holdsProcess = holds
    this.listener.hold(holds)
    this.companion?.holdProcess(holds)
    this.cron.hold(holds)
    this.keyspace.time.hold?.(holds)
    this.replication.hold(holds)
    for (const { transport } of this.clients.values()) transport.holdProcess?.(holds)
  }

  shutdown(options: ShutdownOptions, onFailure: (error: string) => void): void {
    this.shuttingDown.begin(options, onFailure)
  }

  logWaited(client: Client, command: Command, args: Request, ms: number, replyBytes: number): void {
    this.watch.waited(client, command, args, ms, replyBytes)
  }

  measured(source: ReplySource, client: Client, command: Command, args: Request, begun: number): ReplySource {
    return this.watch.measured(source, client, command, args, begun)
  }

  get shutdownLeftMs(): number | null {
    return this.shuttingDown.leftMs
  }

  abortShutdown(): boolean {
    return this.shuttingDown.abort()
  }

  crash(reason: string): void {
    logCrash(this, reason, new Error(reason).stack ?? '')
    this.exit(ABORTED)
  }

  exit(code: number): void {
    this.isDown = true
    this.stopWarmUp()
    this.cron.stop()
    this.pause.close()
    this.faults.close()
    this.keyWaits.close()
    this.watch.close()
    this.listener.close()
    this.companionClosed = this.companion?.close()
    this.replication.close()
    this.aof.log.abandon()
    this.targets.closeAll()
    for (const { transport } of this.clients.values()) transport.close()
    this.onExit(code)
  }
}

function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.') || address.startsWith('::ffff:127.')
}
