import { expect } from 'vitest'
import type { RawClient } from './raw-client.js'

/** Sends the same commands, in order, to both servers and expects the same replies, byte for byte. */
export async function expectSame(
  ours: RawClient,
  stock: RawClient,
  commands: readonly (readonly string[])[],
): Promise<void> {
  for (const command of commands) {
    expect({ command, reply: await ours.call(...command) }).toEqual({ command, reply: await stock.call(...command) })
  }
}

/** As expectSame, in one pipeline and on empty databases. */
export async function expectSameFromEmpty(
  ours: RawClient,
  stock: RawClient,
  commands: readonly (readonly string[])[],
): Promise<void> {
  const all = [['FLUSHALL'], ...commands]
  const [mine, theirs] = await Promise.all([ours.pipeline(all), stock.pipeline(all)])
  for (const [i, command] of all.entries()) {
    expect({ command, reply: mine[i] }).toEqual({ command, reply: theirs[i] })
  }
}

/** A request given as words: split at blanks, "" for an empty one. */
export function words(...lines: string[]): string[][] {
  return lines.map(line => line.split(' ').map(word => (word === '""' ? '' : word)))
}
