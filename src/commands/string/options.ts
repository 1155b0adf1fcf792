/**
 * The options that SET, GETEX and MSETEX share. Source: parseExtendedStringArgumentsOrReply in Redis's t_string.c; IFEQ is
 * Valkey's.
 */
import type { Request } from '../../resp/request.js'
import { EXPIRY_IN_SECONDS, EXPIRY_RELATIVE } from '../generic/expiry-options.js'
import type { ArgumentDoc } from '../spec.js'

/** One object serves all requests in turn: valid until the next one is parsed. */
export class StringOptions {
  onlyIfMissing = false
  onlyIfExists = false
  /** Index of the value that the key must have (IFEQ), or 0. */
  comparisonIndex = 0
  returnOld = false
  keepTtl = false
  persist = false
  /** Index of the expiry's argument, or 0. */
  expiryIndex = 0
  /** What the expiry's number means: bits of expiry-options.ts. */
  expiryKind = 0

  /** SET's options, from argument 3 on. False: a syntax error. */
  parseSet(args: Request): boolean {
    this.clear()
    for (let i = 3; i < args.argc; i++) {
      if (this.takeWord(args, i)) continue
      if (args.is(i, 'get')) this.returnOld = true
      else if (this.takeExpiry(args, i) || this.takeComparison(args, i)) i++
      else return false
    }
    return true
  }

  /** MSETEX's options, from argument `first` on. False: a syntax error. */
  parseMsetex(args: Request, first: number): boolean {
    this.clear()
    for (let i = first; i < args.argc; i++) {
      if (this.takeWord(args, i)) continue
      if (!this.takeExpiry(args, i)) return false
      i++
    }
    return true
  }

  /** GETEX's options, from argument 2 on. False: a syntax error. */
  parseGetex(args: Request): boolean {
    this.clear()
    for (let i = 2; i < args.argc; i++) {
      if (args.is(i, 'persist') && this.expiryIndex === 0) this.persist = true
      else if (this.takeExpiry(args, i)) i++
      else return false
    }
    return true
  }

  private clear(): void {
    this.onlyIfMissing = false
    this.onlyIfExists = false
    this.comparisonIndex = 0
    this.returnOld = false
    this.keepTtl = false
    this.persist = false
    this.expiryIndex = 0
    this.expiryKind = 0
  }

  /** NX, XX, KEEPTTL. */
  private takeWord(args: Request, index: number): boolean {
    const compares = this.comparisonIndex !== 0
    if (args.is(index, 'nx') && !this.onlyIfExists && !compares) this.onlyIfMissing = true
    else if (args.is(index, 'xx') && !this.onlyIfMissing && !compares) this.onlyIfExists = true
    else if (args.is(index, 'keepttl') && this.expiryIndex === 0) this.keepTtl = true
    else return false
    return true
  }

  private takeComparison(args: Request, index: number): boolean {
    if (!args.is(index, 'ifeq') || index + 1 >= args.argc) return false
    if (this.onlyIfMissing || this.onlyIfExists || this.comparisonIndex !== 0) return false
    this.comparisonIndex = index + 1
    return true
  }

  /** Of the same option given twice the last one counts, as in Redis; two different ones exclude each other. */
  private takeExpiry(args: Request, index: number): boolean {
    const kind = expiryKind(args, index)
    if (kind < 0 || this.keepTtl || this.persist || index + 1 >= args.argc) return false
    if (this.expiryIndex !== 0 && kind !== this.expiryKind) return false
    this.expiryKind = kind
    this.expiryIndex = index + 1
    return true
  }
}

function expiryKind(args: Request, index: number): number {
  if (args.is(index, 'ex')) return EXPIRY_RELATIVE | EXPIRY_IN_SECONDS
  if (args.is(index, 'px')) return EXPIRY_RELATIVE
  if (args.is(index, 'exat')) return EXPIRY_IN_SECONDS
  if (args.is(index, 'pxat')) return 0
  return -1
}

/** The expiry options for COMMAND DOCS. */
export const EXPIRY_CHOICES: readonly ArgumentDoc[] = [
  { name: 'seconds', type: 'integer', token: 'EX' },
  { name: 'milliseconds', type: 'integer', token: 'PX' },
  { name: 'unix-time-seconds', type: 'unix-time', token: 'EXAT' },
  { name: 'unix-time-milliseconds', type: 'unix-time', token: 'PXAT' },
]
