/**
 * The order that SORT puts elements into. Most comparisons are one of two numbers, the element's key: its weight, or with ALPHA the
 * first bytes of the text. Only where these are the same does anything else count. Source of behaviour: sortCompare in Redis's
 * sort.c.
 */
import type { ByteStrings } from './byte-strings.js'

/** Tells the order of two elements that have the same key: negative, 0 or positive. */
export type TieBreak = (a: number, b: number) => number

export class Order {
  /** By element; negated for a descending order. */
  readonly keys: Float64Array
  private readonly sign: number
  private readonly tie: TieBreak

  constructor(count: number, isDescending: boolean, tie: TieBreak) {
    this.keys = new Float64Array(count)
    this.sign = isDescending ? -1 : 1
    this.tie = tie
  }

  setKey(element: number, key: number): void {
    this.keys[element] = this.sign * key
  }

  /** Negative when element a comes first, positive when b does, 0 when nothing tells them apart. */
  compare(a: number, b: number): number {
    const { keys } = this
    const left = keys[a]
    const right = keys[b]
    if (left < right) return -1
    return left > right ? 1 : this.tieOf(a, b)
  }

  /** The order of two elements with the same key. */
  tieOf(a: number, b: number): number {
    return this.sign * this.tie(a, b)
  }
}

/** Equal weights: the elements decide, as bytes. */
export function byElement(elements: ByteStrings): TieBreak {
  return (a, b) => elements.compare(a, b)
}

/** Texts as bytes (memcmp); elements that have none are all the same. */
export function byBytes(texts: ByteStrings): TieBreak {
  return (a, b) => (texts.isNothing(a) || texts.isNothing(b) ? byPresence(texts, a, b) : texts.compare(a, b))
}

/** Texts as the C locale orders them (strcoll). */
export function byText(texts: ByteStrings): TieBreak {
  return (a, b) => (texts.isNothing(a) || texts.isNothing(b) ? byPresence(texts, a, b) : texts.compareText(a, b))
}

/** Texts as people who speak some language order them (locale-collate). Their keys are all the same. */
export function byLanguage(texts: ByteStrings, collator: Intl.Collator): TieBreak {
  const known: (string | undefined)[] = new Array(texts.count)
  const textOf = (number: number): string => {
    known[number] ??= texts.text(number)
    return known[number]
  }
  return (a, b) => {
    if (texts.isNothing(a) || texts.isNothing(b)) return byPresence(texts, a, b)
    return collator.compare(textOf(a), textOf(b))
  }
}

function byPresence(texts: ByteStrings, a: number, b: number): number {
  return (texts.isNothing(a) ? 0 : 1) - (texts.isNothing(b) ? 0 : 1)
}
