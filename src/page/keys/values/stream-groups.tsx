import { useState } from 'preact/hooks'
import { useLoaded } from '../../parts/hooks.js'
import { count, millis, seconds } from '../../parts/numbers.js'
import { ErrorText, Shown } from '../../parts/text.js'
import { type Column, WindowTable } from '../../parts/window-table.js'
import type { Bytes } from '../../server/bytes.js'
import { useServer } from '../../server/page-server.js'
import { bytesIn, checked, elementsIn, fieldsIn, numberIn, type Reply } from '../../server/reply.js'
import type { ValueProps } from './value-props.js'

const PENDING = 100

interface Group {
  name: Bytes
  consumers: number
  pending: number
  last: Bytes
  /** Null when the server cannot tell. */
  lag: number | null
}

interface Consumer {
  name: Bytes
  pending: number
  /** Milliseconds. */
  idle: number
}

interface Pending {
  id: Bytes
  consumer: Bytes
  /** Milliseconds. */
  idle: number
  deliveries: number
}

const GROUPS: Column<Group>[] = [
  { name: 'group', cell: group => <Shown bytes={group.name} /> },
  { name: 'consumers', width: 84, right: true, cell: group => count(group.consumers) },
  { name: 'pending', width: 84, right: true, cell: group => count(group.pending) },
  { name: 'lag', width: 72, right: true, cell: group => (group.lag === null ? '?' : count(group.lag)) },
  { name: 'last delivered', width: 168, cell: group => group.last },
]

const CONSUMERS: Column<Consumer>[] = [
  { name: 'consumer', cell: consumer => <Shown bytes={consumer.name} /> },
  { name: 'pending', width: 84, right: true, cell: consumer => count(consumer.pending) },
  { name: 'idle', width: 96, right: true, cell: consumer => since(consumer.idle) },
]

const PENDINGS: Column<Pending>[] = [
  { name: 'pending ID', width: 168, cell: pending => pending.id },
  { name: 'consumer', cell: pending => <Shown bytes={pending.consumer} /> },
  { name: 'idle', width: 96, right: true, cell: pending => since(pending.idle) },
  { name: 'deliveries', width: 84, right: true, cell: pending => count(pending.deliveries) },
]

/** A stream's groups; of the chosen one, its consumers and the first entries that are pending. */
export function StreamGroups({ chosen: { db, key }, turn }: Pick<ValueProps, 'chosen' | 'turn'>) {
  const { api } = useServer()
  const [named, setNamed] = useState<Bytes | null>(null)
  const groups = useLoaded(
    async () => elementsIn(await api.reply(db, 'XINFO', 'GROUPS', key)).map(groupIn),
    [api, db, key, turn],
  )
  const busiest = [...(groups.value ?? [])].sort((a, b) => b.pending - a.pending)[0]
  const name = named ?? busiest?.name ?? null
  const group = useLoaded(async () => {
    if (name === null) return null
    const [consumers, pending] = await api.replies(db, [
      ['XINFO', 'CONSUMERS', key, name],
      ['XPENDING', key, name, '-', '+', PENDING],
    ])
    return {
      consumers: elementsIn(checked(consumers!)).map(consumerIn),
      pending: elementsIn(checked(pending!)).map(pendingIn),
    }
  }, [api, db, key, name, turn])
  if (groups.value?.length === 0) return <p class="none">No consumer group.</p>
  return (
    <div class="groups">
      <ErrorText>{groups.error ?? group.error}</ErrorText>
      <WindowTable
        label="Groups"
        rows={groups.value ?? []}
        columns={GROUPS}
        keyOf={group => group.name}
        empty=""
        onChoose={group => setNamed(group.name)}
        chosen={group => group.name === name}
        minWidth={500}
      />
      <WindowTable
        label="Consumers"
        rows={group.value?.consumers ?? []}
        columns={CONSUMERS}
        keyOf={consumer => consumer.name}
        empty={group.value ? 'No consumer.' : ''}
      />
      <WindowTable
        label="Pending"
        rows={group.value?.pending ?? []}
        columns={PENDINGS}
        keyOf={pending => pending.id}
        empty={group.value ? 'Nothing is pending.' : ''}
        minWidth={440}
      />
    </div>
  )
}

function since(ms: number): string {
  return ms < 1000 ? millis(Math.max(0, ms)) : seconds(ms / 1000)
}

function groupIn(reply: Reply): Group {
  const fields = fieldsIn(reply)
  const lag = fields.get('lag') ?? null
  return {
    name: bytesIn(fields.get('name')!),
    consumers: numberIn(fields.get('consumers')!),
    pending: numberIn(fields.get('pending')!),
    last: bytesIn(fields.get('last-delivered-id')!),
    lag: lag === null ? null : numberIn(lag),
  }
}

function consumerIn(reply: Reply): Consumer {
  const fields = fieldsIn(reply)
  return {
    name: bytesIn(fields.get('name')!),
    pending: numberIn(fields.get('pending')!),
    idle: numberIn(fields.get('idle')!),
  }
}

function pendingIn(reply: Reply): Pending {
  const [id, consumer, idle, deliveries] = elementsIn(reply)
  return { id: bytesIn(id!), consumer: bytesIn(consumer!), idle: numberIn(idle!), deliveries: numberIn(deliveries!) }
}
