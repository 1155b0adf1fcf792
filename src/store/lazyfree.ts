/**
 * What lazy freeing means here. Nothing ever waits for memory to be freed: a deleted table's elements go in slices between
 * requests, whatever asked for the deletion. So the lazyfree-lazy-* directives decide what can be seen of it: whether a
 * deletion travels to replicas as UNLINK or as DEL, and which objects INFO counts as lazily freed. Source of behaviour:
 * Redis's lazyfree.c.
 */
import type { Aggregate } from './aggregate.js'

/** Values of up to this many elements are freed at once in Redis, even by UNLINK. */
const THRESHOLD_ELEMENTS = 64

export class Lazyfree {
  /** Config lazyfree-lazy-eviction, -expire, -server-del (values that other commands replace), -user-del, -user-flush. */
  eviction = false
  expire = false
  serverDel = false
  userDel = false
  userFlush = false

  /** Objects that were freed lazily (INFO lazyfreed_objects): values of over 64 elements, and keys of flushed databases. */
  freedObjects = 0
}

/** How many objects Redis would hand to its background thread for such a value. */
export function lazyObjectsOf(value: Aggregate, lazy: boolean): number {
  return lazy && value.freeEffort > THRESHOLD_ELEMENTS ? 1 : 0
}
