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

/** A request given as words: split at blanks, "" for an empty one. */
export function words(...lines: string[]): string[][] {
  return lines.map(line => line.split(' ').map(word => (word === '""' ? '' : word)))
}
