/** The disk under a server's files. A test makes it full: what writes to it then fails as on one that is, and finds space again later. */

const ENOSPC = -28

export class Disk {
  private readonly fillers = new Set<() => void>()

  /** Makes it full until the returned function is called. `refused` hears of each write that fails. */
  fill(refused: () => void): () => void {
    const filler = (): void => refused()
    this.fillers.add(filler)
    return () => this.fillers.delete(filler)
  }

  /** What a write would fail with now; null while there is space. */
  refusal(): NodeJS.ErrnoException | null {
    if (this.fillers.size === 0) return null
    for (const refused of this.fillers) refused()
    const error = new Error('ENOSPC: no space left on device, write')
    return Object.assign(error, { code: 'ENOSPC', errno: ENOSPC, syscall: 'write' })
  }

  /** To be called ahead of a write. @throws what the system says of a disk that is full */
  mayWrite(): void {
    const refusal = this.refusal()
    if (refusal !== null) throw refusal
  }
}
