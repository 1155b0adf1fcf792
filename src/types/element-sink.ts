/** Where the elements of a packed value go when it is read: a listpack, ziplist or zipmap of elements, or of pairs. */
import type { RdbKey } from '../rdb/key.js'

export interface ElementSink {
  /** 2: elements come in pairs, a name and what belongs to it. */
  readonly stride: 1 | 2
  /** No name may come twice. */
  readonly distinct: boolean
  /** What a packed value of the kind is, for messages: "a listpack of distinct fields and their values". */
  readonly expected: string
  /** What its elements are, for messages: "fields". */
  readonly noun: string
  /** What Redis's log calls the kind: "Hash". */
  readonly loggedName: string

  /** Whether a value of so many elements, or pairs, is welcome as a listpack; else it is to come one by one. */
  takesListpack(count: number): boolean
  /**
   * Whether what belongs to a name, buffer[start, end), is what it has to be. Asked of pairs in a listpack that is taken as a whole;
   * add() tells otherwise.
   */
  isValid(buffer: Buffer, start: number, end: number): boolean
  /**
   * A whole value of a WANTED key: the sound, not empty listpack that begins at listpack[start]. `own`: that is all of `listpack`,
   * the store may keep it, and takesListpack() has been asked.
   */
  listpack(key: RdbKey, listpack: Buffer, start: number, own: boolean): void

  /** A WANTED key's value of `count` elements, or pairs, follows: as many calls of add(), then end(). Other keys may come in between. */
  begin(key: RdbKey, count: number): void
  /**
   * An element, name[nameStart, nameEnd), and what belongs to it. False: it came before, or is none. `own`: `value` is long and all
   * of what belongs to it, and may be kept.
   */
  add(
    name: Buffer,
    nameStart: number,
    nameEnd: number,
    value: Buffer,
    valueStart: number,
    valueEnd: number,
    own: boolean,
  ): boolean
  end(): void
}
