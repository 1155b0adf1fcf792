import type { Api } from '../server/api.js'
import type { Bytes } from '../server/bytes.js'
import { bytesIn, checked, elementsIn } from '../server/reply.js'

const PAGE_KEYS = 5000
const PAGE_MS = 1500
/** Where nothing has been found yet. */
const SEARCH_MS = 15_000
const STEP_KEYS = 1000
/** Where few match, more are looked at in a step: still a few milliseconds of the server's time. */
const FILTERED_STEP_KEYS = 5000

/** A walk over a database's keys with SCAN, a page at a time; never KEYS. */
export class KeyScan {
  /** How many keys the steps so far have been for: about how many were looked at. */
  lookedAt = 0
  done = false
  readonly #api: Api
  readonly #db: number
  readonly #options: (string | number)[]
  readonly #stepKeys: number
  #cursor: Bytes = '0' as Bytes

  /** `pattern` as MATCH takes it; `type` as TYPE names it, empty for all. */
  constructor(api: Api, db: number, pattern: Bytes, type: string) {
    this.#api = api
    this.#db = db
    const filtered = pattern !== '*' || type !== ''
    this.#stepKeys = filtered ? FILTERED_STEP_KEYS : STEP_KEYS
    this.#options = ['COUNT', this.#stepKeys]
    if (pattern !== '*') this.#options.push('MATCH', pattern)
    if (type !== '') this.#options.push('TYPE', type)
  }

  /** Gives `found` the keys of each step, until there is a page of new ones (it says how many are), all are seen, or time is up. */
  async page(found: (keys: Bytes[]) => number, signal: AbortSignal): Promise<void> {
    const begun = performance.now()
    for (let keys = 0; !this.done && keys < PAGE_KEYS; ) {
      if (performance.now() - begun > (keys > 0 ? PAGE_MS : SEARCH_MS)) return
      const command = ['SCAN', this.#cursor, ...this.#options]
      const [reply] = await this.#api.replies(this.#db, [command], signal)
      if (signal.aborted) return
      const [cursor, names] = elementsIn(checked(reply!))
      this.#cursor = bytesIn(cursor!)
      this.done = this.#cursor === '0'
      this.lookedAt += this.#stepKeys
      keys += found(elementsIn(names!).map(bytesIn))
    }
  }
}
