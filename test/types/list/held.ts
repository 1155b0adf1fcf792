/** The RDB form of a value that is held, taken bit by bit, and read again. */
import { RdbOutput } from '../../../src/rdb/output.js'
import type { Database } from '../../../src/store/database.js'
import type { FormTaker, HeldForm } from '../../../src/types/held-form.js'
import { kindOf } from '../../../src/types/kinds.js'
import { file, str } from '../../persistence/rdb/bytes.js'
import { elementsOf, load } from '../../persistence/rdb/keyspace.js'

const KEY = Buffer.from('k')

/** A value's form as of now. */
export class HeldForms {
  private readonly out = new RdbOutput()
  private readonly form: HeldForm
  private readonly type: number
  private more = true
  private readonly taker: FormTaker = {
    out: this.out,
    append: () => {},
    string: held => {
      const bytes = Buffer.alloc(held.length)
      held.read(0, held.length, bytes, 0)
      held.release()
      this.out.string(bytes, 0, bytes.length, true)
    },
  }

  constructor({ keyspace }: Database, address: number) {
    const kind = kindOf(keyspace.entries, address)
    this.type = kind.rdbType(keyspace, address)
    this.form = kind.hold(keyspace, address, { compress: true, snapshot: null })
  }

  /** Takes what comes next; false when that was all. */
  step(): boolean {
    if (this.more) this.more = this.form.next(this.taker)
    return this.more
  }

  /** Takes the rest, and returns the elements that a reader finds in all of it. */
  finish(): string[]
  /** Or what `contentsOf` makes of the value that it reads. */
  finish<T>(contentsOf: (database: Database, address: number) => T): T
  finish(contentsOf: (database: Database, address: number) => unknown = elementsOf): unknown {
    while (this.step()) {}
    this.close()
    const { keyspace } = load(file(10, this.type, str('k'), this.out.take()))
    const [database] = keyspace.databases
    return contentsOf(database, database.findAny(KEY, 0, KEY.length))
  }

  close(): void {
    this.form.close()
  }
}
