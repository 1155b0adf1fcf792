/**
 * Faults on purpose, for tests of programs that have to live with them: what goes wrong, for whom, and how often. Nothing is asked
 * of this while there is none (GATE_FAULTS). A master is never concerned, nor what a replica says once it gets the stream.
 */
import type { Clock, ClockTimer } from '../clock/clock.js'
import type { Client } from '../commands/client.js'
import type { Command } from '../commands/command.js'
import type { FaultState, FaultStates } from '../commands/server-api.js'
import type { Request } from '../resp/request.js'
import { GATE_DISK_ERROR, GATE_LOADING, GATE_MEMORY, GATE_READONLY_REPLICA } from './gates.js'

/** What a command ends with instead of its reply. `after`: it runs. */
export type Ending =
  | { readonly kind: 'error'; readonly text: string }
  | { readonly kind: 'cut'; readonly after: boolean }
export type Effect = Ending | { readonly kind: 'delay'; readonly ms: number }

export type ClientFilter = (client: Client) => boolean

/** A fault as whoever has asked for it sees it. */
export interface Injected {
  readonly hits: number
  end(): void
}

/** What is to become of a command, all faults together. */
export interface Verdict {
  readonly delayMs: number
  readonly delayedBy: readonly Injected[]
  readonly ending: Ending | null
}

export interface FaultHost {
  readonly clients: ReadonlyMap<number, Client>
  /** The gates follow from what is in force. */
  stateChanged(): void
  /** Calls it when the server has nothing on the stack. */
  afterTurn(task: () => void): void
}

/** The gate that a state is to commands, and the code of its refusals. */
const STATES: Readonly<Record<FaultState, { readonly gate: number; readonly code: string }>> = {
  loading: { gate: GATE_LOADING, code: 'LOADING' },
  readonly: { gate: GATE_READONLY_REPLICA, code: 'READONLY' },
  oom: { gate: GATE_MEMORY, code: 'OOM' },
  unsaved: { gate: GATE_DISK_ERROR, code: 'MISCONF' },
  unappended: { gate: GATE_DISK_ERROR, code: 'MISCONF' },
}

abstract class Fault implements Injected {
  hits = 0
  private readonly ended: () => void

  constructor(ended: () => void) {
    this.ended = ended
  }

  end(): void {
    this.ended()
  }
}

class CommandFault extends Fault {
  /** Those that it is about; null: all of them. */
  readonly commands: ReadonlySet<Command> | null
  readonly clients: ClientFilter
  readonly effect: Effect
  /** Calls that pass before the first one is hit, and calls that will be hit from there on. */
  private passing: number
  private left: number

  constructor(
    commands: ReadonlySet<Command> | null,
    clients: ClientFilter,
    effect: Effect,
    nth: number,
    times: number,
    ended: () => void,
  ) {
    super(ended)
    this.commands = commands
    this.clients = clients
    this.effect = effect
    this.passing = nth - 1
    this.left = times
  }

  /** Whether it hits this call, which counts. */
  strikes(client: Client, command: Command): boolean {
    if (this.left === 0 || (this.commands !== null && !this.commands.has(command)) || !this.clients(client))
      return false
    if (this.passing > 0) {
      this.passing--
      return false
    }
    this.left--
    this.hits++
    return true
  }

  get isOver(): boolean {
    return this.left === 0
  }
}

class StateFault extends Fault {
  readonly state: FaultState
  readonly clients: ClientFilter

  constructor(state: FaultState, clients: ClientFilter, ended: () => void) {
    super(ended)
    this.state = state
    this.clients = clients
  }
}

class FreezeFault extends Fault {
  readonly clients: ClientFilter
  readonly frozen = new Set<Client>()

  constructor(clients: ClientFilter, ended: () => void) {
    super(ended)
    this.clients = clients
  }
}

export class Faults implements FaultStates {
  private readonly host: FaultHost
  private readonly clock: Clock
  private readonly ofCommands = new Set<CommandFault>()
  private readonly ofStates = new Set<StateFault>()
  private readonly ofFreezing = new Set<FreezeFault>()
  /** What is left of a verdict for a client whose command has waited. */
  private readonly rests = new Map<Client, Verdict>()
  /** Commands that wait, by the faults that make them: how they go on. */
  private readonly waits = new Map<() => void, readonly Injected[]>()

  constructor(host: FaultHost, clock: Clock) {
    this.host = host
    this.clock = clock
  }

  /** Commands have to be asked about. */
  get inForce(): boolean {
    return this.ofCommands.size + this.ofStates.size + this.waits.size + this.rests.size > 0
  }

  // Commands

  /** @param commands which ones, subcommands by themselves; null: all. `nth` counts from 1; `times` may be Infinity. */
  onCommand(
    commands: ReadonlySet<Command> | null,
    clients: ClientFilter,
    effect: Effect,
    nth: number,
    times: number,
  ): Injected {
    const fault = new CommandFault(commands, clients, effect, nth, times, () => {
      this.ofCommands.delete(fault)
      this.host.stateChanged()
      for (const [goOn, faults] of this.waits) if (faults.includes(fault)) this.host.afterTurn(goOn)
    })
    this.ofCommands.add(fault)
    this.host.stateChanged()
    return fault
  }

  /** What is to become of a client's command, which nothing else keeps from running now; null: it runs. */
  judge(client: Client, command: Command): Verdict | null {
    const rest = this.rests.get(client)
    if (rest !== undefined) {
      this.rests.delete(client)
      return rest
    }
    // What runs again, or has been prepared, was asked about when it came.
    if (client.isMaster || client.isReplica || client.unfinished !== null || client.preparation !== null) return null
    const delayedBy: Injected[] = []
    let delayMs = 0
    let ending: Ending | null = null
    for (const fault of this.ofCommands) {
      const { effect } = fault
      // A call that one fault ends does not count for the next.
      if ((ending !== null && effect.kind !== 'delay') || !this.strikes(fault, client, command)) continue
      if (effect.kind === 'delay') {
        delayMs += effect.ms
        delayedBy.push(fault)
      } else ending = effect
    }
    return delayedBy.length === 0 && ending === null ? null : { delayMs, delayedBy, ending }
  }

  /** The error that a command which a script calls is to end with, or null. Scripts wait for nothing, and have no connection. */
  scriptError(caller: Client, command: Command): string | null {
    for (const fault of this.ofCommands) {
      if (fault.effect.kind === 'error' && this.strikes(fault, caller, command)) return fault.effect.text
    }
    return null
  }

  private strikes(fault: CommandFault, client: Client, command: Command): boolean {
    if (!fault.strikes(client, command)) return false
    if (fault.isOver) {
      this.ofCommands.delete(fault)
      if (!this.inForce) this.host.stateChanged()
    }
    return true
  }

  /** The client's command, which the verdict delays, waits; what has been sent behind it waits as well. */
  holdUp(client: Client, request: Request, verdict: Verdict): void {
    client.transport.postpone(request)
    let timer: ClockTimer | null = null
    const stop = (): boolean => {
      if (!this.waits.delete(goOn)) return false
      if (timer !== null) this.clock.clearTimeout(timer)
      return true
    }
    const goOn = (): void => {
      if (!stop()) return
      this.rests.set(client, { ...verdict, delayedBy: [] })
      client.blocked = null
      client.transport.resume()
      if (!this.inForce) this.host.stateChanged()
    }
    const cancel = (): void => {
      stop()
      client.transport.dropPostponed()
    }
    client.blocked = { kind: 'postponed', cancel, timeOut: null }
    this.waits.set(goOn, verdict.delayedBy)
    timer = this.clock.setTimeout(goOn, verdict.delayMs)
    timer.unref?.()
  }

  // States

  enter(state: FaultState, clients: ClientFilter): Injected {
    const fault = new StateFault(state, clients, () => {
      this.ofStates.delete(fault)
      this.host.stateChanged()
    })
    this.ofStates.add(fault)
    this.host.stateChanged()
    return fault
  }

  has(state: FaultState, client: Client | null): boolean {
    for (const fault of this.ofStates) {
      if (fault.state === state && (client === null || (!client.isMaster && fault.clients(client)))) return true
    }
    return false
  }

  /** Gates that the client is to find up, whatever the server's own are. */
  gatesFor(client: Client): number {
    let gates = 0
    if (client.isMaster) return gates
    for (const fault of this.ofStates) if (fault.clients(client)) gates |= STATES[fault.state].gate
    return gates
  }

  refused(client: Client, text: string): void {
    for (const fault of this.ofStates) {
      if (text.startsWith(`${STATES[fault.state].code} `) && fault.clients(client)) fault.hits++
    }
  }

  // Connections

  /** Closes the connections of these clients. Returns how many. */
  cut(clients: ClientFilter): number {
    const cut = [...this.host.clients.values()].filter(clients)
    for (const client of cut) client.transport.close()
    return cut.length
  }

  /** From these clients, and from those who come and are such, nothing is read, and nothing is sent to them. */
  freeze(clients: ClientFilter): Injected {
    const fault = new FreezeFault(clients, () => {
      if (!this.ofFreezing.delete(fault)) return
      for (const client of fault.frozen) if (!this.isFrozen(client)) client.transport.freeze?.(false)
    })
    this.ofFreezing.add(fault)
    for (const client of this.host.clients.values()) this.admitTo(fault, client)
    return fault
  }

  /** A client has come. */
  admit(client: Client): void {
    for (const fault of this.ofFreezing) this.admitTo(fault, client)
  }

  forget(client: Client): void {
    this.rests.delete(client)
    for (const { frozen } of this.ofFreezing) frozen.delete(client)
  }

  private admitTo(fault: FreezeFault, client: Client): void {
    if (!fault.clients(client)) return
    fault.frozen.add(client)
    fault.hits++
    client.transport.freeze?.(true)
  }

  private isFrozen(client: Client): boolean {
    for (const { frozen } of this.ofFreezing) if (frozen.has(client)) return true
    return false
  }

  /** The server goes down: nobody waits any more. */
  close(): void {
    this.ofCommands.clear()
    this.ofStates.clear()
    for (const fault of [...this.ofFreezing]) fault.end()
  }
}
