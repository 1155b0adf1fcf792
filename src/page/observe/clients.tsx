import { useMemo, useState } from 'preact/hooks'
import { useLoaded } from '../parts/hooks.js'
import { bytes, count, seconds } from '../parts/numbers.js'
import { ErrorText } from '../parts/text.js'
import { type Column, type Order, ordered, WindowTable } from '../parts/window-table.js'
import { useServer } from '../server/page-server.js'
import { textIn } from '../server/reply.js'
import { type Client, parseClientList } from './client-list.js'

const REFRESH_MS = 2000
/** A list of thousands is asked for less often. */
const REFRESH_MS_A_CLIENT = 1

const COLUMNS: Column<Client>[] = [
  { name: 'id', width: 72, right: true, cell: client => client.id, order: client => client.id },
  { name: 'address', width: 176, cell: client => client.addr, order: client => client.addr },
  { name: 'name', width: 132, cell: client => client.name, order: client => client.name },
  { name: 'age', width: 92, right: true, cell: client => seconds(client.age), order: client => client.age },
  { name: 'idle', width: 92, right: true, cell: client => seconds(client.idle), order: client => client.idle },
  { name: 'last command', width: 136, cell: client => client.cmd, order: client => client.cmd },
  { name: 'db', width: 44, right: true, cell: client => client.db, order: client => client.db },
  { name: 'flags', width: 60, cell: client => client.flags, order: client => client.flags },
  {
    name: 'memory',
    width: 88,
    right: true,
    cell: client => bytes(client['tot-mem']),
    order: client => client['tot-mem'],
  },
  { name: 'waiting', width: 88, right: true, cell: client => bytes(client.omem), order: client => client.omem },
  { name: 'RESP', width: 56, right: true, cell: client => client.resp, order: client => client.resp },
  { name: 'user', width: 96, cell: client => client.user, order: client => client.user },
  {
    name: 'library',
    cell: client => [client['lib-name'], client['lib-ver']].filter(Boolean).join(' '),
    order: client => client['lib-name'],
  },
]

/** CLIENT LIST, again and again. */
export function Clients() {
  const { api } = useServer()
  const [filter, setFilter] = useState('')
  const [order, setOrder] = useState<Order>({ column: 'id', descending: false })
  const list = useLoaded(
    async () => parseClientList(textIn(await api.reply(0, 'CLIENT', 'LIST'))),
    [api],
    clients => Math.max(REFRESH_MS, clients.length * REFRESH_MS_A_CLIENT),
  )

  const clients = list.value
  const rows = useMemo(() => {
    const wanted = filter.toLowerCase()
    const found = (clients ?? []).filter(client => client.line.toLowerCase().includes(wanted))
    return ordered(found, COLUMNS, order)
  }, [clients, filter, order])

  return (
    <section class="fill" aria-label="Clients">
      <div class="bar">
        <input
          type="search"
          placeholder="Filter, e.g. cmd=get or 10.0.0."
          aria-label="Filter clients"
          value={filter}
          onInput={event => setFilter(event.currentTarget.value)}
        />
        <span class="note">
          {clients === null ? 'asking …' : `${count(rows.length)} of ${count(clients.length)} clients`}
        </span>
      </div>
      <ErrorText>{list.error}</ErrorText>
      <WindowTable
        label="Clients"
        rows={rows}
        columns={COLUMNS}
        keyOf={client => client.id}
        empty={clients === null ? '' : 'No client matches.'}
        order={order}
        onOrder={setOrder}
        minWidth={1240}
      />
    </section>
  )
}
