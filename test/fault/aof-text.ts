/** Where things are in an incremental file. */

interface Unit {
  readonly end: number
  /** First argument. */
  readonly name: string
  /** Start and end of each argument. */
  readonly args: readonly (readonly [number, number])[]
}

function* units(bytes: Buffer): Generator<Unit> {
  const line = (from: number): number => bytes.indexOf('\r\n', from) + 2
  for (let at = 0; at < bytes.length; ) {
    const args: [number, number][] = []
    const begin = at
    at = line(at)
    if (bytes[begin] === 35) {
      yield { end: at, name: '#', args: [[begin + 1, at - 2]] }
      continue
    }
    for (let left = Number(bytes.toString('latin1', begin + 1, at - 2)); left > 0; left--) {
      const length = Number(bytes.toString('latin1', at + 1, line(at) - 2))
      at = line(at)
      args.push([at, at + length])
      at += length + 2
    }
    yield { end: at, name: bytes.toString('latin1', ...args[0]).toUpperCase(), args }
  }
}

/** Offsets at which the file may end: ahead of it all, behind each command, annotation or transaction. */
export function boundaries(bytes: Buffer): number[] {
  const ends = [0]
  let inTransaction = false
  for (const { end, name } of units(bytes)) {
    if (name === 'MULTI') inTransaction = true
    else if (name === 'EXEC') inTransaction = false
    if (!inTransaction) ends.push(end)
  }
  return ends
}

/** Whether an offset is in an argument of a command, or in what an annotation says. */
export function insideOfArgument(bytes: Buffer): (at: number) => boolean {
  const args = [...units(bytes)].flatMap(unit => unit.args)
  return at => args.some(([start, end]) => start <= at && at < end)
}
