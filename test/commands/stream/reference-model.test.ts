/** Random commands that delete with regard to groups: beside a plain model, and with a stock replica, which knows none of them. */
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { requireStock, startRedisTs } from '../../interop/stock.js'
import { shown } from '../blocking/scene.js'
import { ReplicaMonitor } from '../replica-monitor.js'
import { NODE_ENTRIES, type Option, ReferenceModel, type Trim } from './reference-model.js'

const GROUPS = ['g', 'h'] as const

/** Does something to the model; returns the command for the server, and the reply it is to have. */
type Step = (model: ReferenceModel) => [string[], string | null]

const options = fc.constantFrom<Option>('KEEPREF', 'DELREF', 'ACKED')
const groups = fc.constantFrom(...GROUPS)
const places = fc.nat(1000)
const trims = fc.record<Trim>({
  option: options,
  byLength: fc.boolean(),
  approximate: fc.boolean(),
  threshold: fc.nat(14),
  limit: fc.constantFrom(0, 0, 2, 4),
})

/** An entry that there may be: most of those named are. */
function someId(model: ReferenceModel, place: number): number {
  const candidates = [...model.ids, ...GROUPS.flatMap(group => model.pending(group)), model.lastId + 1]
  return candidates[place % candidates.length]
}

/** A trim that may take something. */
function fitting(model: ReferenceModel, { threshold, limit, ...rest }: Trim): Trim {
  const isLimited = rest.approximate
  return { ...rest, limit: isLimited ? limit : 0, threshold: rest.byLength ? threshold : model.lastId - 14 + threshold }
}

function trimWords({ approximate, byLength, limit, option, threshold }: Trim): string[] {
  const words = [byLength ? 'MAXLEN' : 'MINID', approximate ? '~' : '=', String(Math.max(0, threshold))]
  if (limit > 0) words.push('LIMIT', String(limit))
  return [...words, option]
}

const listed = (results: readonly number[]): string => `[${results.map(result => `:${result}`).join(' ')}]`

const steps = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Step>(model => [['XADD', 's', String(model.add()), 'f', 'v'], null]) },
  {
    weight: 5,
    arbitrary: fc.tuple(groups, fc.integer({ min: 1, max: 4 })).map(
      ([group, count]): Step =>
        model => {
          model.read(group, count)
          return [['XREADGROUP', 'GROUP', group, 'c', 'COUNT', String(count), 'STREAMS', 's', '>'], null]
        },
    ),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(groups, places).map(
      ([group, place]): Step =>
        model => {
          const id = someId(model, place)
          return [['XACK', 's', group, String(id)], `:${model.acknowledge(group, id) ? 1 : 0}`]
        },
    ),
  },
  {
    weight: 1,
    arbitrary: places.map(
      (place): Step =>
        model => {
          const id = someId(model, place)
          return [['XDEL', 's', String(id)], `:${model.delete(id) ? 1 : 0}`]
        },
    ),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(options, fc.array(places, { minLength: 1, maxLength: 4 })).map(
      ([option, each]): Step =>
        model => {
          const ids = each.map(place => someId(model, place))
          const words = ['XDELEX', 's', option, 'IDS', String(ids.length), ...ids.map(String)]
          return [words, listed(model.xdelex(option, ids))]
        },
    ),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(groups, options, fc.array(places, { minLength: 1, maxLength: 4 })).map(
      ([group, option, each]): Step =>
        model => {
          const ids = each.map(place => someId(model, place))
          const words = ['XACKDEL', 's', group, option, 'IDS', String(ids.length), ...ids.map(String)]
          return [words, listed(model.xackdel(group, option, ids))]
        },
    ),
  },
  {
    weight: 3,
    arbitrary: trims.map(
      (drawn): Step =>
        model => {
          const trim = fitting(model, drawn)
          return [['XTRIM', 's', ...trimWords(trim)], `:${model.trim(trim)}`]
        },
    ),
  },
  {
    weight: 2,
    arbitrary: trims.map(
      (drawn): Step =>
        model => {
          const id = model.add()
          const trim = fitting(model, drawn)
          model.trim(trim)
          return [['XADD', 's', ...trimWords(trim), `${id}-*`, 'f', 'v'], `${id}-0`]
        },
    ),
  },
)

describe('groups and deletions at random', requireStock('redis-server'), () => {
  let replica: ReplicaMonitor

  beforeAll(async () => {
    const { port } = await startRedisTs(['--save', '', '--stream-node-max-entries', String(NODE_ENTRIES)])
    replica = await ReplicaMonitor.start(port)
    await replica.replica.call('CONFIG', 'SET', 'stream-node-max-entries', String(NODE_ENTRIES))
    return () => replica.close()
  })

  /** What a server shows: IDs of entries and of what is pending, and what is known of the stream. */
  async function seen(client: ReplicaMonitor['client']): Promise<unknown> {
    const [entries, info, ...pending] = await client.pipeline([
      ['XRANGE', 's', '-', '+'],
      ['XINFO', 'STREAM', 's'],
      ...GROUPS.map(group => ['XPENDING', 's', group, '-', '+', '99']),
    ])
    const ids = [entries, ...pending].map(({ elements }) =>
      (elements ?? []).map(each => Number(each.elements?.[0].text?.replace('-0', ''))),
    )
    return { ids, info: shown(info).replace(/radix-tree-keys :\d+ radix-tree-nodes :\d+ /, '') }
  }

  test('come to what the model says, here and on a stock replica', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(steps, { minLength: 5, maxLength: 40, size: 'max' }), async drawn => {
        const model = new ReferenceModel()
        const commands: string[][] = []
        const wanted: (string | null)[] = []
        for (const group of GROUPS) {
          model.groups.set(group, { lastId: 0, pending: new Set() })
          commands.push(['XGROUP', 'CREATE', 's', group, '0', 'MKSTREAM'])
          wanted.push(null)
        }
        for (const step of drawn) {
          const [command, reply] = step(model)
          commands.push(command)
          wanted.push(reply)
        }
        await replica.client.call('FLUSHALL')
        const replies = (await replica.client.pipeline(commands)).map(shown)
        expect(replies).toEqual(replies.map((reply, i) => wanted[i] ?? reply))
        await replica.received()
        const ours = await seen(replica.client)
        expect(ours).toMatchObject({ ids: [model.ids, ...GROUPS.map(group => model.pending(group))] })
        expect(await seen(replica.replica)).toEqual(ours)
        if (model.leftEmptyNode) return
        // Node by node, once nothing is left that tells when consumers were seen.
        await replica.client.pipeline(GROUPS.map(group => ['XGROUP', 'DESTROY', 's', group]))
        await replica.received()
        expect(await replica.replica.call('DUMP', 's')).toEqual(await replica.client.call('DUMP', 's'))
      }),
      { numRuns: 300 },
    )
  }, 60_000)
})
