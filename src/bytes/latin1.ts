/** Bytes as strings of one character a byte. Node's own latin1Slice is several times cheaper than toString('latin1'). */

interface WithLatin1Slice {
  latin1Slice(start: number, end: number): string
}

export function latin1(buffer: Buffer, start: number, end: number): string {
  return (buffer as Buffer & WithLatin1Slice).latin1Slice(start, end)
}
