/** What somebody kept in memory that nobody needs any more. */
export interface Remains {
  /** Frees some of it until `deadlineMs` (performance.now()); true when nothing is left. */
  freeSome(deadlineMs: number): boolean
}
