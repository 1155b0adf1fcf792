/** The offset that is on disk when there is no append-only file. */
export const NO_AOF = -1

/** The replication ids that partial synchronizations are checked against. */
export interface Identity {
  replid: string
  /** The id before a promotion, valid up to `secondOffset` (-1: none). */
  replid2: string
  secondOffset: number
}
