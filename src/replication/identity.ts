/** The replication ids that partial synchronizations are checked against. */
export interface Identity {
  replid: string
  /** The id before a promotion, valid up to `secondOffset` (-1: none). */
  replid2: string
  secondOffset: number
}
