/** The sets that a command on several of them names. */
import { TYPE_SET } from '../../store/entries.js'
import {
  KeptOperand,
  type LastingOperand,
  type Operand,
  PackedOperand,
  TableOperand,
  ViewedOperand,
} from '../../types/set/combine/operand.js'
import { MemberSet } from '../../types/set/set.js'
import type { CommandContext } from '../context.js'

/** Up to so many sets it costs less to compare each with those before it. */
const COMPARED_MAX = 16

const opened = new MemberSet()

export interface NamedSet {
  readonly address: number
  readonly length: number
}

/** The sets of the keys from argument `first` to before `behind`, null for keys that are not there. Null: WRONGTYPE was replied. */
export function findSets(ctx: CommandContext, first: number, behind: number): (NamedSet | null)[] | null {
  const sets: (NamedSet | null)[] = []
  for (let i = first; i < behind; i++) {
    const address = ctx.findForRead(i, ctx.hashAhead(i, first, 1))
    if (ctx.wrongType(address, TYPE_SET)) return null
    if (address === 0) sets.push(null)
    else {
      opened.open(ctx.db, address)
      sets.push({ address, length: opened.length })
    }
  }
  return sets
}

/** Those that are there, each once. */
export function distinctSets(sets: readonly (NamedSet | null)[]): NamedSet[] {
  if (sets.length > COMPARED_MAX) {
    const distinct = new Map<number, NamedSet>()
    for (const set of sets) if (set !== null) distinct.set(set.address, set)
    return [...distinct.values()]
  }
  const distinct: NamedSet[] = []
  for (const set of sets) {
    if (set !== null && !distinct.some(({ address }) => address === set.address)) distinct.push(set)
  }
  return distinct
}

/** The same, from the smallest set to the largest. */
export function bySize(sets: readonly (NamedSet | null)[]): NamedSet[] {
  return distinctSets(sets).sort((a, b) => a.length - b.length)
}

export function membersOf(sets: readonly NamedSet[]): number {
  return sets.reduce((sum, { length }) => sum + length, 0)
}

/** Sets as operands of a command that is over before they change. */
export function operandsOf({ db }: CommandContext, sets: readonly NamedSet[]): Operand[] {
  return sets.map(({ address }) => {
    opened.open(db, address)
    return opened.isTable ? new TableOperand(opened.table) : new PackedOperand(opened.packed)
  })
}

/** A set as an operand, as it is now. `isWalked`, `isSearched`: what is going to be done with it. */
export function lastingOperand(
  { db, keyspace }: CommandContext,
  { address }: NamedSet,
  isWalked: boolean,
  isSearched: boolean,
): LastingOperand {
  opened.open(db, address)
  if (opened.isTable) return new ViewedOperand(keyspace, opened.table, isWalked, isSearched)
  return new KeptOperand(opened.keep())
}
