/**
 * The manifest of an append-only file: which files it is made of, in order. One base (the data of one moment), and behind it
 * incremental files (the commands since); what a rewrite has made superfluous is history, until it is removed.
 * Source of the format: Redis 7's aof.c, redis.conf (appenddirname).
 */
import { plainOrQuoted, splitArgs } from '../../bytes/split-args.js'

export const MANIFEST_SUFFIX = '.manifest'
export const TEMPORARY_PREFIX = 'temp-'
export const INCR_SUFFIX = '.incr'
const MAX_LINE_BYTES = 1024

const BASE = 'b'
const HISTORY = 'h'
const INCR = 'i'

export interface AofFile {
  /** Without the directory; a byte string. */
  readonly name: string
  readonly seq: number
}

/** What is wrong with a manifest, in Redis's words. */
export class ManifestError extends Error {
  /** The line, counted from 1, and what it says; '' where it is not about one. */
  readonly lineNumber: number
  readonly line: string

  constructor(reason: string, lineNumber = 0, line = '') {
    super(reason)
    this.lineNumber = lineNumber
    this.line = line
  }
}

export class Manifest {
  base: AofFile | null = null
  /** Oldest first. */
  incrs: AofFile[] = []
  history: AofFile[] = []
  private baseSeq = 0
  private incrSeq = 0

  /** Reads a manifest's text (a byte string). @throws ManifestError */
  static parse(text: string): Manifest {
    const manifest = new Manifest()
    if (text === '') throw new ManifestError('Found an empty AOF manifest')
    const lines = text.split('\n')
    const isEnded = lines.pop() === ''
    if (!isEnded) throw new ManifestError('The AOF manifest file contains too long line')
    lines.forEach((line, i) => {
      if (line.startsWith('#')) return
      if (line.length >= MAX_LINE_BYTES) throw new ManifestError('The AOF manifest file contains too long line', i + 1)
      manifest.readLine(line.replace(/^[ \t\r]+|[ \t\r]+$/g, ''), i + 1)
    })
    return manifest
  }

  private readLine(line: string, number: number): void {
    const fail = (reason: string): never => {
      throw new ManifestError(reason, number, line)
    }
    const words = splitArgs(line)
    // More than these three fields may come with later versions.
    if (words === null || words.length < 6 || words.length % 2 !== 0) {
      throw new ManifestError('Invalid AOF manifest file format', number, line)
    }
    let name = ''
    let seq = 0
    let type = ''
    for (let i = 0; i < words.length; i += 2) {
      const value = words[i + 1]
      switch (words[i].toLowerCase()) {
        case 'file':
          if (/[/\\]/.test(value)) fail("File can't be a path, just a filename")
          name = value
          break
        case 'seq':
          seq = Number.parseInt(value, 10)
          break
        case 'type':
          type = value.charAt(0)
      }
    }
    if (name === '' || !(seq !== 0 && Number.isSafeInteger(seq)) || type === '') {
      fail('Invalid AOF manifest file format')
    }
    if (type === BASE) {
      if (this.base !== null) fail('Found duplicate base file information')
      this.base = { name, seq }
      this.baseSeq = seq
    } else if (type === HISTORY) this.history.push({ name, seq })
    else if (type === INCR) {
      if (seq <= this.incrSeq) fail('Found a non-monotonic sequence number')
      this.incrs.push({ name, seq })
      this.incrSeq = seq
    } else fail('Unknown AOF file type')
  }

  /** There is nothing to load. */
  get isEmpty(): boolean {
    return this.base === null && this.incrs.length === 0
  }

  /** The files to be loaded, in order. */
  get files(): readonly AofFile[] {
    return this.base === null ? this.incrs : [this.base, ...this.incrs]
  }

  /** The file's text. */
  format(): string {
    const lines: string[] = []
    const add = (file: AofFile, type: string): void => {
      lines.push(`file ${plainOrQuoted(file.name)} seq ${file.seq} type ${type}\n`)
    }
    if (this.base !== null) add(this.base, BASE)
    for (const file of this.history) add(file, HISTORY)
    for (const file of this.incrs) add(file, INCR)
    return lines.join('')
  }

  copy(): Manifest {
    const copy = new Manifest()
    copy.base = this.base
    copy.incrs = [...this.incrs]
    copy.history = [...this.history]
    copy.baseSeq = this.baseSeq
    copy.incrSeq = this.incrSeq
    return copy
  }

  /** Takes a file of before Redis 7 as the base: the only file there is. */
  adoptSingleFile(name: string): void {
    this.base = { name, seq: 1 }
    this.baseSeq = 1
  }

  /** Another base takes the present one's place, which is history. `extension`: rdb or aof. Returns its name. */
  addBase(prefix: string, extension: 'rdb' | 'aof'): string {
    if (this.base !== null) this.history.unshift(this.base)
    const seq = ++this.baseSeq
    this.base = { name: `${prefix}.${seq}.base.${extension}`, seq }
    return this.base.name
  }

  /** Adds an incremental file at the end. Returns its name. */
  addIncr(prefix: string): string {
    const seq = ++this.incrSeq
    const name = `${prefix}.${seq}${INCR_SUFFIX}.aof`
    this.incrs.push({ name, seq })
    return name
  }

  /** The incremental files but the last `kept` are in the base by now. */
  retireIncrs(kept: number): void {
    const retired = this.incrs.splice(0, Math.max(0, this.incrs.length - kept))
    for (const file of retired.reverse()) this.history.unshift(file)
  }
}
