/** What the tests use of redlock, whose package has declarations that its `exports` do not name. */
declare module 'redlock' {
  import type { EventEmitter } from 'node:events'
  import type { Redis } from 'ioredis'

  interface Settings {
    readonly retryCount: number
    readonly retryDelay: number
    readonly retryJitter: number
    readonly automaticExtensionThreshold: number
  }

  export class ExecutionError extends Error {}

  export interface Lock {
    readonly resources: string[]
    readonly value: string
    readonly expiration: number
    /** Which of the lock's attempts have voted for it. */
    readonly attempts: readonly Promise<{ readonly votesFor: ReadonlySet<Redis> }>[]
    release(): Promise<unknown>
    extend(durationMs: number): Promise<Lock>
  }

  export default class Redlock extends EventEmitter {
    constructor(clients: Iterable<Redis>, settings?: Partial<Settings>)
    acquire(resources: string[], durationMs: number, settings?: Partial<Settings>): Promise<Lock>
    using<T>(resources: string[], durationMs: number, routine: (signal: AbortSignal) => Promise<T>): Promise<T>
  }
}
