import { useState } from 'preact/hooks'
import { EditForm, type Field } from '../parts/edit-form.js'
import type { Command } from '../server/api.js'
import type { Bytes } from '../server/bytes.js'
import { useServer } from '../server/page-server.js'
import { CommandError, numberIn } from '../server/reply.js'

interface Kind {
  fields: Field[]
  command(key: Bytes, values: Bytes[]): Command
}

/** What each kind of value begins with. */
const KINDS: Readonly<Record<string, Kind>> = {
  string: { fields: [{ name: 'value', lines: true }], command: (key, values) => ['SET', key, ...values] },
  list: { fields: [{ name: 'element' }], command: (key, values) => ['RPUSH', key, ...values] },
  set: { fields: [{ name: 'member' }], command: (key, values) => ['SADD', key, ...values] },
  zset: {
    fields: [{ name: 'score', width: 120 }, { name: 'member' }],
    command: (key, values) => ['ZADD', key, ...values],
  },
  hash: {
    fields: [{ name: 'field', width: 180 }, { name: 'value' }],
    command: (key, values) => ['HSET', key, ...values],
  },
  stream: {
    fields: [{ name: 'field', width: 180 }, { name: 'value' }],
    command: (key, values) => ['XADD', key, '*', ...values],
  },
}

/** A form for a key that is not there yet. */
export function NewKey({ db, onMade, onBack }: { db: number; onMade(key: Bytes): void; onBack(): void }) {
  const { api } = useServer()
  const [type, setType] = useState('string')
  const kind = KINDS[type]!
  return (
    <article aria-label="New key">
      <header class="key">
        <h2>New key in db{db}</h2>
        <button type="button" class="quiet" onClick={onBack}>
          Close
        </button>
      </header>
      <div class="bar">
        <select aria-label="Kind" value={type} onChange={event => setType(event.currentTarget.value)}>
          {Object.keys(KINDS).map(name => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </div>
      <EditForm
        key={type}
        label="Create"
        fields={[{ name: 'key', width: 220 }, ...kind.fields]}
        run={async ([key, ...values]) => {
          if (numberIn(await api.reply(db, 'EXISTS', key!)) > 0) throw new CommandError('There is a key of that name.')
          await api.reply(db, ...kind.command(key!, values))
          onMade(key!)
        }}
      />
    </article>
  )
}
