/** Sets as sources of elements. */
import type { Database } from '../../../store/database.js'
import type { HashTable } from '../../../store/table/hash-table.js'
import { TableView } from '../../../store/table/table-view.js'
import { ByteRange } from '../../../types/byte-range.js'
import type { PackedMembers } from '../../../types/set/packed-members.js'
import { MemberSet } from '../../../types/set/set.js'
import type { CommandContext } from '../../context.js'
import type { ElementFeed, ListedValue, VisitElement } from './feed.js'

const set = new MemberSet()

export function listedSet({ db }: CommandContext, address: number): ListedValue {
  set.open(db, address)
  return {
    length: set.length,
    isOrdered: false,
    feed: ({ count }) => (set.isTable ? new TableFeed(db, set.table, count) : new PackedFeed(set.packed, count)),
  }
}

/** A small set. */
class PackedFeed implements ElementFeed {
  readonly isShort = true
  private readonly members: PackedMembers
  private readonly count: number
  private readonly member = new ByteRange()

  constructor(members: PackedMembers, count: number) {
    this.members = members
    this.count = count
  }

  step(visit: VisitElement): boolean {
    const { count, member, members } = this
    let place = members.first
    for (let i = 0; i < count && place >= 0; i++) {
      members.show(place, member)
      visit(member.buffer, member.start, member.end)
      place = members.next(place)
    }
    return false
  }

  close(): void {}
}

/** A large set: bucket by bucket, in a view of its table. */
class TableFeed implements ElementFeed {
  readonly isShort = false
  private readonly view: TableView
  private readonly member = new ByteRange()
  private left: number
  private visit: VisitElement = () => {}
  private readonly take: (element: number) => void

  constructor(db: Database, table: HashTable, count: number) {
    const { entries } = db
    this.view = new TableView(db.keyspace, table, 'walk')
    this.left = count
    this.take = element => {
      if (this.left-- <= 0) return
      const { member } = this
      member.readElement(entries, element)
      this.visit(member.buffer, member.start, member.end)
    }
  }

  step(visit: VisitElement): boolean {
    this.visit = visit
    return this.view.step(this.take) && this.left > 0
  }

  close(): void {
    this.view.close()
  }
}
