/** Copies bytes[start, end) to `to` at `at`. Short copies by a loop beat the call of Buffer.copy several times. */
export function copyBytes(from: Buffer, start: number, end: number, to: Buffer, at: number): void {
  if (end - start <= 64) for (let i = start; i < end; i++) to[at++] = from[i]
  else from.copy(to, at, start, end)
}
