/** Append-only files that are cut off or damaged: loaded as far as they are whole, or refused with a word of where; never less in silence. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { tempDir } from '../interop/stock.js'
import { AOF_DIR, type AofFiles, filesOf, type Loaded, load, loadFolder, MANIFEST, makeFiles } from './aof-files.js'
import { boundaries, insideOfArgument } from './aof-text.js'

const BASE = 'appendonly.aof.2.base.rdb'
const INCR = 'appendonly.aof.2.incr.aof'
/** So many loads at once: they wait for the same turns of the event loop. */
const AT_ONCE = 40
const LONG_MS = 200_000
const NEAR_BYTES = 100

const BEFORE = [
  ['SET', 'text', 'value'],
  ['RPUSH', 'list', 'a', '1'],
  ['HSET', 'hash', 'f', 'v'],
  ['SELECT', '3'],
  ['SADD', 'set', '1', '2'],
]
const AFTER = [
  ['APPEND', 'text', '\r\n*3\r\n'],
  ['ZADD', 'zset', '1.5', 'm'],
  ['MULTI'],
  ['INCR', 'counter'],
  ['SELECT', '3'],
  ['SADD', 'set', 'x'],
  ['XADD', 'stream', '1-1', 'f', 'v'],
  ['EXEC'],
  ['EVAL', "redis.call('SET', 'script', 'a'); redis.call('LPUSH', 'l', 'b')", '0'],
  ['PFADD', 'hll', 'a'],
  ['SET', 'expires', 'v', 'PXAT', '4000000000000'],
  ['SET', 'empty', ''],
  ['RPUSH', 'list', 'last'],
]

let files: AofFiles
let whole: Loaded

beforeAll(async () => {
  files = await makeFiles(BEFORE, AFTER, { 'aof-timestamp-enabled': true })
  whole = await load(files, false)
  expect(whole.refusal).toBeNull()
})

/** Loads variants of the files, some at once; calls back with each in order. */
async function loadEach<T>(
  variants: readonly T[],
  change: (variant: T) => { files: AofFiles; truncated: boolean },
  judge: (loaded: Loaded, variant: T) => void,
): Promise<void> {
  for (let at = 0; at < variants.length; at += AT_ONCE) {
    const some = variants.slice(at, at + AT_ONCE)
    const loaded = await Promise.all(
      some.map(variant => {
        const { files: changed, truncated } = change(variant)
        return load(changed, truncated)
      }),
    )
    for (const [i, each] of loaded.entries()) judge(each, some[i])
  }
}

const positions = (bytes: Buffer): number[] => [...bytes.keys()]

function cut(name: string, length: number): AofFiles {
  return { ...files, [name]: files[name].subarray(0, length) }
}

/** A copy with one bit of one byte the other way round: another bit at each position. */
function flipped(bytes: Buffer, at: number, bit = at % 8): Buffer {
  const copy = Buffer.from(bytes)
  copy[at] ^= 1 << bit
  return copy
}

describe('an incremental file cut off', () => {
  /** Digest of the data behind each whole command or transaction. */
  const digests = new Map<number, string>()

  beforeAll(async () => {
    const ends = boundaries(files[INCR])
    await loadEach(
      ends,
      end => ({ files: cut(INCR, end), truncated: false }),
      ({ digest, lines, refusal }, end) => {
        expect([refusal, lines.filter(line => /runcat|Warning/.test(line))]).toEqual([null, []])
        digests.set(end, digest)
      },
    )
    expect(digests.get(files[INCR].length)).toBe(whole.digest)
    expect(new Set(digests.values()).size).toBeGreaterThan(8)
  }, LONG_MS)

  test('anywhere is loaded up to its last whole command, and is cut there', { timeout: LONG_MS }, async () => {
    const lengths = positions(files[INCR])
    await loadEach(
      lengths,
      length => ({ files: cut(INCR, length), truncated: true }),
      ({ digest, files: left, lines, refusal }, length) => {
        const end = Math.max(...[...digests.keys()].filter(each => each <= length))
        expect([length, refusal, digest]).toEqual([length, null, digests.get(end)])
        expect([length, left[INCR].length]).toEqual([length, end])
        if (end === length) return
        expect(lines.join('\n')).toContain(
          `!!! Truncating the AOF ${INCR} at offset ${end} !!! (${length - end} bytes of ${length} are dropped)`,
        )
      },
    )
  })

  test('is refused with aof-load-truncated no, and stays as it is', { timeout: LONG_MS }, async () => {
    const lengths = positions(files[INCR]).filter(length => !digests.has(length))
    await loadEach(
      lengths,
      length => ({ files: cut(INCR, length), truncated: false }),
      ({ files: left, refusal }, length) => {
        const end = Math.max(...[...digests.keys()].filter(each => each <= length))
        expect(refusal).toContain(`Unexpected end of file reading the append only file ${INCR}, behind offset ${end}.`)
        expect(left[INCR].length).toBe(length)
      },
    )
  })

  test('is refused when another one follows', async () => {
    const end = boundaries(files[INCR]).at(-3) ?? 0
    const [first, second] = ['appendonly.aof.2.incr.aof', 'appendonly.aof.3.incr.aof']
    const two = {
      [BASE]: files[BASE],
      [MANIFEST]: Buffer.from(`${files[MANIFEST]}file ${second} seq 3 type i\n`),
      [first]: files[INCR].subarray(0, end),
    }
    const behind = Buffer.concat([Buffer.from('*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n'), files[INCR].subarray(end)])
    expect(await load({ ...two, [second]: behind })).toMatchObject({ refusal: null, digest: whole.digest })
    const torn = { ...two, [first]: files[INCR].subarray(0, end - 1) }
    const refused = await load({ ...torn, [second]: behind })
    expect(refused.refusal).toBe('Fatal error: the truncated file is not the last file')
    expect(refused.lines.join('\n')).toContain(`short read while loading the AOF file ${first}`)
    expect(refused.files[first].length).toBe(end - 1)
    // One in which nothing is yet changes nothing.
    expect((await load({ ...torn, [second]: Buffer.alloc(0) })).refusal).toBeNull()
  })
})

test('a bit flipped anywhere in an incremental file is noticed, or is in a value', { timeout: LONG_MS }, async () => {
  const isInside = insideOfArgument(files[INCR])
  await loadEach(
    positions(files[INCR]),
    at => ({ files: { ...files, [INCR]: flipped(files[INCR], at) }, truncated: at % 2 === 0 }),
    ({ digest, files: left, lines, refusal }, at) => {
      const truncated = lines.find(line => line.includes(`Truncating the AOF ${INCR} at offset`))
      if (refusal !== null) {
        const offset = Number(/ offset (\d+)/.exec(refusal)?.[1])
        // A length that is another one, or an annotation without its end, may reach into the next command.
        expect([at, refusal, offset <= at + NEAR_BYTES]).toEqual([at, expect.stringContaining(INCR), true])
        expect(left[INCR].length).toBe(files[INCR].length)
      } else if (truncated !== undefined) {
        // A length that has grown past the end looks like one: what is dropped is said.
        expect([at, at % 2]).toEqual([at, 0])
        expect(truncated).toMatch(/\d+ bytes of \d+ are dropped/)
      } else if (digest !== whole.digest) expect([at, isInside(at)]).toEqual([at, true])
    },
  )
})

test('a bit flipped anywhere in a base is noticed', { timeout: LONG_MS }, async () => {
  await loadEach(
    positions(files[BASE]),
    at => ({ files: { ...files, [BASE]: flipped(files[BASE], at) }, truncated: at % 2 === 0 }),
    ({ files: left, lines, refusal }, at) => {
      expect([at, refusal]).toEqual([at, expect.stringContaining(BASE)])
      expect(`${lines.join('\n')}\n${refusal}`).toMatch(/offset \d+/)
      expect(left[BASE].length).toBe(files[BASE].length)
    },
  )
})

test('a base cut off anywhere is refused', { timeout: LONG_MS }, async () => {
  await loadEach(
    positions(files[BASE]),
    length => ({ files: cut(BASE, length), truncated: true }),
    ({ files: left, refusal }, length) => {
      expect([length, refusal]).toEqual([length, expect.stringMatching(/base\.rdb|not the last file/)])
      expect(left[BASE].length).toBe(length)
    },
  )
})

describe('a manifest', () => {
  test(
    'with a bit flipped anywhere is refused, or means the same, but for a type that becomes that of history',
    { timeout: LONG_MS },
    async () => {
      const manifest = files[MANIFEST]
      const lost: string[] = []
      await loadEach(
        positions(manifest).flatMap(at => [...Array(8).keys()].map(bit => flipped(manifest, at, bit))),
        changed => ({ files: { ...files, [MANIFEST]: changed }, truncated: true }),
        ({ digest, lines, refusal }, changed) => {
          if (refusal !== null) expect(`${refusal}\n${lines.join('\n')}`).toMatch(/manifest|AOF file/)
          else if (digest !== whole.digest) lost.push(changed.toString('latin1'))
        },
      )
      // The one change that nothing tells from a manifest of a rewrite with appendonly no.
      expect(lost).toEqual([manifest.toString('latin1').replace('type i', 'type h')])
    },
  )

  test.each([
    ['empty', '', 'Found an empty AOF manifest'],
    ['of noise', '\0\x01\xff\r\n', 'Invalid AOF manifest file format'],
    ['without an end', `file ${BASE} seq 1 type b`, 'The AOF manifest file contains too long line'],
    ['with a path', 'file ../dump.rdb seq 1 type b\n', "File can't be a path, just a filename"],
    [
      'with two bases',
      `file ${BASE} seq 1 type b\nfile ${BASE} seq 2 type b\n`,
      'Found duplicate base file information',
    ],
    ['of another type', `file ${BASE} seq 1 type x\n`, 'Unknown AOF file type'],
    ['of files that are not there', 'file other.1.incr.aof seq 1 type i\n', 'other.1.incr.aof'],
  ])('%s is refused, and the files stay', async (_, text, refusal) => {
    const loaded = await load({ ...files, [MANIFEST]: Buffer.from(text, 'latin1') })
    expect(loaded.refusal).toContain(refusal)
    for (const name of [BASE, INCR]) expect(loaded.files[name].equals(files[name])).toBe(true)
  })

  test('that is a folder is refused', async () => {
    const dir = tempDir()
    mkdirSync(join(dir, AOF_DIR, MANIFEST), { recursive: true })
    expect((await loadFolder(dir)).refusal).toMatch(/AOF manifest file .*directory/)
  })
})

test.each([BASE, INCR])('a file that is missing (%s) keeps the server from starting', async name => {
  const { [name]: _, ...rest } = files
  const loaded = await load(rest)
  expect(loaded.refusal).toBe(`Unable to obtain the AOF file ${name} length. stat: No such file or directory`)
  expect(Object.keys(loaded.files)).not.toContain(name)
})

test('a base of a later RDB version is refused', async () => {
  const base = Buffer.from(files[BASE])
  base.write('0099', 5, 'latin1')
  const loaded = await load({ ...files, [BASE]: base })
  expect(loaded.refusal).toBe(`Error reading the RDB base file ${BASE}, AOF loading aborted`)
  expect(loaded.lines.join('\n')).toMatch(/offset 5: .*"0099"/)
})

test('files that a full disk has left empty are refused where something has to be in them', async () => {
  const nothing = Buffer.alloc(0)
  for (const empty of [{ [BASE]: nothing }, { [BASE]: nothing, [INCR]: nothing }]) {
    expect((await load({ ...files, ...empty })).refusal).toContain(BASE)
  }
  expect((await load({ ...files, [INCR]: nothing })).refusal).toBeNull()
})

test('what a start has refused is not touched: the same files are loaded once they are mended', async () => {
  const dir = tempDir()
  const folder = join(dir, AOF_DIR)
  mkdirSync(folder)
  const damaged = { ...files, [BASE]: flipped(files[BASE], 40) }
  for (const [name, bytes] of Object.entries(damaged)) writeFileSync(join(folder, name), bytes)
  expect((await loadFolder(dir)).refusal).not.toBeNull()
  expect(filesOf(dir)).toEqual(damaged)
  writeFileSync(join(folder, BASE), files[BASE])
  expect(await loadFolder(dir)).toMatchObject({ refusal: null, digest: whole.digest })
})
