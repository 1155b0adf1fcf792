/**
 * Reads values of RDB bytes as the commands that make them (key-commands.ts): of the forms that snapshots of this server have, and
 * without a doubt about the bytes, which never leave the process. Nothing is built: of an aggregate there is one packed node at a
 * time, or one string.
 */
import { RdbError } from '../rdb/error.js'
import { rdbTypeName } from '../rdb/format.js'
import type { KeyReader } from '../rdb/key-reader.js'
import { StringReader } from '../rdb/string-reader.js'
import type { RdbWindow } from '../rdb/window.js'
import { PACKED_MAX_BYTES } from './elements-reader.js'
import type { KeyCommands } from './key-commands.js'
import type { ValueReader } from './value-reader.js'

/** What is written in one step of a packed string: elements, and bytes of them. A fraction of a millisecond. */
export const STEP_ELEMENTS = 512
export const STEP_BYTES = 64 * 1024

/** A packed string whose elements become arguments. */
export interface PackedCommands {
  /** It begins at bytes[start]. `stays`: the bytes stay as they are until all is written; else all is written at once. */
  begin(bytes: Buffer, start: number, stays: boolean): void
  /** Writes some. True when that was all. */
  step(): boolean
}

export abstract class CommandsReader implements ValueReader {
  protected readonly window: RdbWindow
  protected readonly commands: KeyCommands
  /** Pieces of the value that are still to come. */
  protected left = 0
  private readonly keys: KeyReader
  /** A long packed string that has been read, but not been written. */
  private packed: PackedCommands | null = null
  private readonly content = new StringReader()

  constructor(window: RdbWindow, keys: KeyReader, commands: KeyCommands) {
    this.window = window
    this.keys = keys
    this.commands = commands
  }

  abstract read(type: number, bytes: Buffer, at: number, end: number): number
  /** Reads one piece at `at`. */
  protected abstract readElement(bytes: Buffer, at: number, end: number): number

  get inPieces(): boolean {
    return this.left > 0
  }
  get missing(): string {
    return `${this.left} more elements`
  }
  get isBusy(): boolean {
    return this.commands.out.isBusy || this.packed !== null
  }

  work(): void {
    const { commands, packed } = this
    if (commands.out.isBusy) commands.out.work()
    else if (packed?.step() === true) {
      this.packed = null
      if (!this.inPieces) commands.end()
    }
  }

  /** Begins with the key that was located. */
  protected beginKey(bytes: Buffer): void {
    this.commands.begin(this.keys.take(bytes))
  }

  /** Reads the number of pieces at `at`. */
  protected readHead(bytes: Buffer, at: number, end: number): number {
    const next = this.window.length(bytes, at, end)
    if (next < 0) return next
    this.left = this.window.lengths.value
    this.beginKey(bytes)
    return next
  }

  readPiece(bytes: Buffer, at: number, end: number): number {
    const next = this.readElement(bytes, at, end)
    if (next >= 0 && --this.left === 0 && this.packed === null) this.commands.end()
    return next
  }

  /** Reads a value that is one packed string. */
  protected readPacked(packed: PackedCommands, bytes: Buffer, at: number, end: number): number {
    const next = this.locatePacked(bytes, at, end)
    if (next < 0) return next
    this.beginKey(bytes)
    this.write(packed, bytes)
    if (this.packed === null) this.commands.end()
    return next
  }

  /** Reads a packed string that is part of a value. */
  protected readNode(packed: PackedCommands, bytes: Buffer, at: number, end: number): number {
    const next = this.locatePacked(bytes, at, end)
    if (next >= 0) this.write(packed, bytes)
    return next
  }

  private locatePacked(bytes: Buffer, at: number, end: number): number {
    return this.window.locatePacked(this.content, bytes, at, end, PACKED_MAX_BYTES)
  }

  private write(packed: PackedCommands, bytes: Buffer): void {
    const { content } = this
    this.window.decode(content, bytes)
    packed.begin(content.bytes, content.start, content.own)
    const isLong = content.end - content.start > PACKED_MAX_BYTES
    if (isLong) this.packed = packed
    else while (!packed.step()) {}
  }

  protected failForm(type: number, at: number): never {
    throw new RdbError(this.window.offsetOf(at), null, 'a form that snapshots have', `a ${rdbTypeName(type)}`)
  }
}
