import { plainOrQuoted, quoteArg, splitArgs } from '../../bytes/split-args.js'
import type { Directive, Parsed, RewriteLine } from '../directive.js'
import { formatMemory, MB, parseLooseInteger, parseMemory } from './numbers.js'
import { upToNul } from './words.js'

/** The directives whose value is a list or a record, each one of its kind. */

/** Save when at least `changes` writes happened and `seconds` have passed since the last save. */
export type SavePoint = { readonly seconds: number; readonly changes: number }

/**
 * `save 3600 1 300 100`. In a config file the first line replaces the default points and further lines add to them, so
 * that the command line's points come on top of the file's; `save ""` clears what came before. CONFIG SET replaces all.
 */
export function savePoints(initial: readonly SavePoint[], flags: number): Directive<readonly SavePoint[]> {
  const format = (points: readonly SavePoint[]) => points.map(point => `${point.seconds} ${point.changes}`)
  return {
    kind: 'save points',
    default: initial,
    flags,
    alias: null,
    parse(args, previous, context): Parsed<readonly SavePoint[]> {
      if (args.length === 1 && args[0] === '') return { value: [] }
      const points: SavePoint[] = []
      for (let at = 0; at < args.length; at += 2) {
        const seconds = parseLooseInteger(args[at])
        const changes = at + 1 < args.length ? parseLooseInteger(args[at + 1]) : null
        if (seconds === null || changes === null || seconds < 1n || changes < 0n) {
          return { error: 'Invalid save parameters' }
        }
        points.push({ seconds: Number(seconds), changes: Number(changes) })
      }
      return { value: context.fromFile && !context.firstLine ? [...previous, ...points] : points }
    },
    format: points => format(points).join(' '),
    // Without a line the defaults would come back at the next start, so there is always one.
    rewrite: (name, points) =>
      (points.length === 0 ? ['""'] : format(points)).map(point => ({ text: `${name} ${point}`, force: true })),
    override: (name, points) => ['""', ...format(points)].map(point => `${name} ${point}`),
  }
}

const MAX_BIND_ADDRESSES = 16

/** `bind 127.0.0.1 -::1`: addresses to listen on, where a leading '-' forgives one that this machine lacks. */
export function addresses(initial: readonly string[], flags: number): Directive<readonly string[]> {
  const standard = initial.join(' ')
  return {
    kind: 'addresses',
    default: initial,
    flags,
    alias: null,
    parse(args): Parsed<readonly string[]> {
      if (args.length > MAX_BIND_ADDRESSES) return { error: 'Too many bind addresses specified.' }
      const list = args.map(upToNul)
      return { value: list.length === 1 && list[0] === '' ? [] : list }
    },
    format: list => list.join(' '),
    rewrite(name, list) {
      if (list.join(' ') === standard) return []
      return [{ text: `${name} ${addressArgs(list)}`, force: true }]
    },
    override: (name, list) => [`${name} ${addressArgs(list)}`],
  }
}

function addressArgs(list: readonly string[]): string {
  if (list.length === 0) return '""'
  const args = list.map(plainOrQuoted).join(' ')
  // A single argument is taken for a list and split once more.
  return list.length > 1 || splitArgs(list[0])?.[0] === list[0] ? args : quoteArg(args)
}

/** Bytes that may wait for a client: never more than `hardBytes`, not more than `softBytes` for `softSeconds`; 0 is no limit. */
export type BufferLimit = { readonly hardBytes: number; readonly softBytes: number; readonly softSeconds: number }
export type BufferLimits = { readonly [C in BufferClass]: BufferLimit }
type BufferClass = 'normal' | 'replica' | 'pubsub'

/** The class names that CONFIG GET shows, which kept the old word for replicas. */
const BUFFER_CLASSES: readonly { readonly name: BufferClass; readonly shown: string }[] = [
  { name: 'normal', shown: 'normal' },
  { name: 'replica', shown: 'slave' },
  { name: 'pubsub', shown: 'pubsub' },
]

const BUFFER_DEFAULTS: BufferLimits = {
  normal: { hardBytes: 0, softBytes: 0, softSeconds: 0 },
  replica: { hardBytes: 256 * MB, softBytes: 64 * MB, softSeconds: 60 },
  pubsub: { hardBytes: 32 * MB, softBytes: 8 * MB, softSeconds: 60 },
}

/** `client-output-buffer-limit <class> <hard> <soft> <seconds>`, several at once; classes left out keep their limits. */
export function bufferLimits(flags: number): Directive<BufferLimits> {
  return {
    kind: 'buffer limits',
    default: BUFFER_DEFAULTS,
    flags,
    alias: null,
    parse(args, previous): Parsed<BufferLimits> {
      if (args.length % 4 !== 0) return { error: 'Wrong number of arguments in buffer limit configuration.' }
      const limits = { ...previous }
      for (let at = 0; at < args.length; at += 4) {
        const word = args[at].toLowerCase()
        const found = BUFFER_CLASSES.find(({ name, shown }) => name === word || shown === word)
        if (!found) return { error: 'Invalid client class specified in buffer limit configuration.' }
        const hard = parseMemory(args[at + 1])
        const soft = parseMemory(args[at + 2])
        const seconds = parseLooseInteger(args[at + 3])
        if (hard === null || soft === null || seconds === null || seconds < 0n) {
          return { error: 'Error in hard, soft or soft_seconds setting in buffer limit configuration.' }
        }
        limits[found.name] = { hardBytes: Number(hard), softBytes: Number(soft), softSeconds: Number(seconds) }
      }
      return { value: limits }
    },
    format: limits =>
      BUFFER_CLASSES.map(({ name, shown }) => {
        const { hardBytes, softBytes, softSeconds } = limits[name]
        return `${shown} ${hardBytes} ${softBytes} ${softSeconds}`
      }).join(' '),
    rewrite: (directive, limits) => BUFFER_CLASSES.map(({ name }) => bufferLine(directive, name, limits[name])),
  }
}

function bufferLine(directive: string, name: BufferClass, limit: BufferLimit): RewriteLine {
  const standard = BUFFER_DEFAULTS[name]
  return {
    text: `${directive} ${name} ${formatMemory(limit.hardBytes)} ${formatMemory(limit.softBytes)} ${limit.softSeconds}`,
    force:
      limit.hardBytes !== standard.hardBytes ||
      limit.softBytes !== standard.softBytes ||
      limit.softSeconds !== standard.softSeconds,
  }
}

/** A master's address. */
export type MasterAddress = { readonly host: string; readonly port: number }

/** `replicaof host port`, or `replicaof no one` for a master, which is null. */
export function masterAddress(flags: number, alias: string): Directive<MasterAddress | null> {
  return {
    kind: 'host and port',
    default: null,
    flags,
    alias,
    parse(args): Parsed<MasterAddress | null> {
      if (args.length !== 2) return { error: 'wrong number of arguments' }
      const [host, portText] = args
      if (host.toLowerCase() === 'no' && portText.toLowerCase() === 'one') return { value: null }
      const port = parseLooseInteger(portText)
      if (port === null || port < 0n || port > 65535n) return { error: 'Invalid master port' }
      return { value: { host, port: Number(port) } }
    },
    format: master => (master ? `${master.host} ${master.port}` : ''),
    rewrite: (name, master) => (master ? [{ text: masterLine(name, master), force: true }] : []),
    override: (name, master) => [master ? masterLine(name, master) : `${name} no one`],
  }
}

/** REPLICAOF takes any bytes as a host. */
function masterLine(name: string, { host, port }: MasterAddress): string {
  return `${name} ${plainOrQuoted(host)} ${port}`
}

/** `oom-score-adj-values 0 200 800`: for a master, a replica and a background child. */
export function oomScores(initial: readonly number[], flags: number): Directive<readonly number[]> {
  const standard = initial.join(' ')
  return {
    kind: 'integers',
    default: initial,
    flags,
    alias: null,
    parse(args): Parsed<readonly number[]> {
      if (args.length !== initial.length) return { error: 'wrong number of arguments' }
      const values: number[] = []
      for (const arg of args) {
        const value = parseLooseInteger(arg)
        if (value === null || value < -2000n || value > 2000n) {
          return { error: 'Invalid oom-score-adj-values, elements must be between -2000 and 2000.' }
        }
        values.push(Number(value))
      }
      return { value: values }
    },
    format: values => values.join(' '),
    rewrite: (name, values) => [{ text: `${name} ${values.join(' ')}`, force: values.join(' ') !== standard }],
  }
}

/** `latency-tracking-info-percentiles 50 99 99.9`; "" is none. */
export function percentiles(initial: readonly number[], flags: number): Directive<readonly number[]> {
  const format = (values: readonly number[]) => values.map(formatPercentile).join(' ')
  return {
    kind: 'percentiles',
    default: initial,
    flags,
    alias: null,
    parse(args): Parsed<readonly number[]> {
      if (args.length === 1 && args[0] === '') return { value: [] }
      const values: number[] = []
      for (const arg of args) {
        const value = parsePercentile(arg)
        if (Number.isNaN(value)) return { error: 'Invalid latency-tracking-info-percentiles parameters' }
        if (value > 100 || value < 0) {
          return { error: 'latency-tracking-info-percentiles parameters should sit between [0.0,100.0]' }
        }
        values.push(value)
      }
      return { value: values }
    },
    format,
    // With all digits, of which CONFIG GET shows six.
    rewrite: (name, values) => [{ text: `${name} ${values.length === 0 ? '""' : values.join(' ')}`, force: true }],
  }
}

function parsePercentile(text: string): number {
  return /^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?$/i.test(text) ? Number(text) + 0 : Number.NaN
}

/** Six digits behind the point, trailing zeros dropped. */
export function formatPercentile(value: number): string {
  return value.toFixed(6).replace(/\.?0+$/, '')
}
