/**
 * A change of a value that goes on in slices. Nobody is to see it half done: commands that name the key wait (KeyLocks); whoever
 * cannot wait (a snapshot that begins, a script that reaches for the key) has it brought to its end first.
 */
export interface OpenChange {
  /** Brings it to its end, however long that takes. */
  settle(): void
}
