import { once } from 'node:events'
import {
  type ConnectionOptions,
  FlowProducer,
  type Job,
  type Processor,
  Queue,
  QueueEvents,
  Worker,
  type WorkerOptions,
} from 'bullmq'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startRedisTs } from '../stock.js'
import { closeAfterEach, take } from './closing.js'

const closed = closeAfterEach()
let port = 0
/** Each test has a queue of its own. */
let names = 0

beforeAll(async () => {
  ;({ port } = await startRedisTs(['--save', '']))
})

type Completed = [job: Job, result: unknown]
type Failed = [job: Job, error: Error]

/** How BullMQ gets at the server: it makes ioredis clients itself, and duplicates of a node-redis client that it is given. */
const CONNECTIONS: Record<string, () => ConnectionOptions> = {
  ioredis: () => ({ host: '127.0.0.1', port, maxRetriesPerRequest: null }),
  'node-redis': () => {
    const client = createClient({ socket: { host: '127.0.0.1', port } })
    return closed(Object.assign(client, { close: client.destroy.bind(client) })) as ConnectionOptions
  },
}

describe.each(Object.keys(CONNECTIONS))('BullMQ with %s', library => {
  let connection: ConnectionOptions
  let name = ''
  let queue: Queue
  let redis: Redis

  beforeEach(() => {
    redis = new Redis(port)
    connection = CONNECTIONS[library]()
    name = `queue-${++names}`
    queue = closed(new Queue(name, { connection }))
  })
  afterEach(async () => {
    await redis.quit()
  })

  function newWorker(processor: Processor, options: Partial<WorkerOptions> = {}): Worker {
    return closed(new Worker(name, processor, { connection, ...options }))
  }

  /** Hears all events of the queue from its first one: by default it would be those after it has begun to listen, whenever that is. */
  async function newEvents(): Promise<QueueEvents> {
    const events = closed(new QueueEvents(name, { connection, lastEventId: '0-0' }))
    await events.waitUntilReady()
    return events
  }

  test('jobs added one by one and in bulk are completed, as many at a time as the worker may', async () => {
    const events = await newEvents()
    const heard = take<[{ jobId: string; returnvalue: number }]>(events, 'completed', 25)
    const single = await queue.add('square', { number: 7 })
    const bulk = await queue.addBulk(Array.from({ length: 24 }, (_, number) => ({ name: 'square', data: { number } })))
    expect(await queue.getJobCounts('waiting', 'active', 'completed')).toEqual({ waiting: 25, active: 0, completed: 0 })

    let active = 0
    let most = 0
    const worker = newWorker(
      async job => {
        most = Math.max(most, ++active)
        // Those that are active together can be counted only as long as none of them ends.
        await job.updateProgress(50)
        active--
        return job.data.number ** 2
      },
      { concurrency: 5, autorun: false },
    )
    const completed = take<Completed>(worker, 'completed', 25)
    void worker.run()

    const results = new Map((await completed).map(([job, result]) => [job.id, result]))
    expect(results.get(single.id)).toBe(49)
    expect(bulk.map(job => results.get(job.id))).toEqual(bulk.map(job => job.data.number ** 2))
    expect(most).toBe(5)
    expect(new Map((await heard).map(([{ jobId, returnvalue }]) => [jobId, returnvalue]))).toEqual(results)
    expect(await queue.getJobCounts('waiting', 'active', 'completed')).toEqual({ waiting: 0, active: 0, completed: 25 })
    expect(new Set((await queue.getCompleted(0, -1)).map(job => job.id))).toEqual(new Set(results.keys()))
    expect(await (await queue.getJob(bulk[3].id ?? ''))?.getState()).toBe('completed')
  })

  test('a delayed job waits for its time, or until it is promoted', async () => {
    const late = await queue.add('late', {}, { delay: 200 })
    const tomorrow = await queue.add('tomorrow', {}, { delay: 86_400_000 })
    expect(await late.getState()).toBe('delayed')
    expect(await queue.getJobCounts('delayed', 'waiting')).toEqual({ delayed: 2, waiting: 0 })

    const startedAt = new Map<string, number>()
    const worker = newWorker(async job => void startedAt.set(job.name, Date.now()))
    await worker.waitUntilReady()
    const [first] = await take<Completed>(worker, 'completed', 1)
    expect(first[0].id).toBe(late.id)
    // The client's clock and the server's are the same; timers of Node may be a millisecond early.
    expect(startedAt.get('late')).toBeGreaterThanOrEqual(late.timestamp + 200 - 1)

    const second = take<Completed>(worker, 'completed', 1)
    await tomorrow.promote()
    expect((await second)[0][0].id).toBe(tomorrow.id)
    expect(await queue.getDelayedCount()).toBe(0)
  })

  test('jobs are taken by priority, those of the same one in the order in which they came', async () => {
    for (const [job, priority] of [
      ['c', 3],
      ['a1', 1],
      ['b', 2],
      ['a2', 1],
      ['late c', 3],
    ] as const) {
      await queue.add(job, {}, { priority })
    }
    await queue.add('none', {})
    const changed = await queue.add('changed', {}, { priority: 10 })
    await changed.changePriority({ priority: 2 })
    expect(await queue.getCountsPerPriority([0, 1, 2, 3])).toEqual({ 0: 1, 1: 2, 2: 2, 3: 2 })
    const worker = newWorker(async () => {}, { autorun: false })
    const completed = take<Completed>(worker, 'completed', 7)
    void worker.run()
    expect((await completed).map(([job]) => job.name)).toEqual(['none', 'a1', 'a2', 'b', 'changed', 'c', 'late c'])
  })

  test('a job that fails is tried again with a backoff, and stays failed when no attempt is left', async () => {
    const times: number[] = []
    const worker = newWorker(
      async job => {
        if (job.name === 'hopeless') throw new Error('never')
        times.push(Date.now())
        if (job.attemptsMade < 2) throw new Error(`attempt ${job.attemptsMade}`)
        return 'at last'
      },
      { autorun: false },
    )
    const failures = take<Failed>(worker, 'failed', 4)
    const completed = take<Completed>(worker, 'completed', 1)
    const backoff = { type: 'exponential', delay: 40 }
    await queue.add('stubborn', {}, { attempts: 3, backoff })
    const hopeless = await queue.add('hopeless', {}, { attempts: 2 })
    void worker.run()

    const [[done, result]] = await completed
    expect([done.name, done.attemptsMade, result]).toEqual(['stubborn', 3, 'at last'])
    expect(times[1] - times[0]).toBeGreaterThanOrEqual(39)
    expect(times[2] - times[1]).toBeGreaterThanOrEqual(79)
    await failures
    const failed = (await queue.getFailed()) as Job[]
    expect(failed.map(job => [job.id, job.failedReason, job.attemptsMade])).toEqual([[hopeless.id, 'never', 2]])
    expect(failed[0].stacktrace).toHaveLength(2)

    const again = take<Failed>(worker, 'failed', 1)
    await failed[0].retry()
    expect((await again)[0][1].message).toBe('never')
  })

  test('a parent waits for its children, gets their results, and fails with one when told to', async () => {
    const flow = closed(new FlowProducer({ connection }))
    const children = Array.from({ length: 4 }, (_, i) => ({ name: 'child', queueName: name, data: { i } }))
    const tree = await flow.add({ name: 'parent', queueName: name, children })
    expect(await tree.job.getState()).toBe('waiting-children')
    expect(await tree.job.getDependenciesCount()).toEqual({ processed: 0, unprocessed: 4, failed: 0, ignored: 0 })
    const doomed = await flow.add({
      name: 'doomed',
      queueName: name,
      children: [{ name: 'broken', queueName: name, opts: { failParentOnFailure: true } }],
    })

    const worker = newWorker(
      async job => {
        if (job.name === 'broken') throw new Error('broken')
        if (job.name === 'child') return job.data.i * 10
        return Object.values(await job.getChildrenValues<number>()).reduce((sum, value) => sum + value, 0)
      },
      { autorun: false },
    )
    const completed = take<Completed>(worker, 'completed', 5)
    const failed = take<Failed>(worker, 'failed', 2)
    void worker.run()
    const results = (await completed).map(([job, result]) => [job.name, result])
    expect(results.at(-1)).toEqual(['parent', 60])
    expect((await failed).map(([job]) => job.name)).toEqual(['broken', 'doomed'])
    expect(await doomed.job.getState()).toBe('failed')
    const found = await flow.getFlow({ id: tree.job.id ?? '', queueName: name })
    expect(found.children?.map(({ job }) => job.returnvalue).sort()).toEqual([0, 10, 20, 30])
  })

  test('a rate limiter lets through so many in a time', async () => {
    const times: number[] = []
    await queue.addBulk(Array.from({ length: 5 }, (_, i) => ({ name: `${i}`, data: {} })))
    const worker = newWorker(async () => void times.push(Date.now()), {
      limiter: { max: 2, duration: 300 },
      concurrency: 5,
      autorun: false,
    })
    const completed = take<Completed>(worker, 'completed', 5)
    void worker.run()
    await take<Completed>(worker, 'completed', 2)
    const limited = await queue.getRateLimitTtl(2)
    expect(limited).toBeGreaterThan(0)
    expect(limited).toBeLessThanOrEqual(300)
    await completed
    // Two windows have to pass before the fifth; a window begins with its first job, which is fetched before it is noted here.
    expect(times[4] - times[0]).toBeGreaterThanOrEqual(500)
  })

  test('a paused queue keeps its jobs until it is resumed', async () => {
    const events = await newEvents()
    const paused = once(events, 'paused')
    await queue.pause()
    await paused
    expect(await queue.isPaused()).toBe(true)
    const job = await queue.add('patient', {})
    expect(await queue.count()).toBe(1)

    const worker = newWorker(async () => 'done')
    await worker.waitUntilReady()
    // Another queue's job is done meanwhile: time enough for this one to be taken, were it not paused.
    const other = closed(new Queue(`${name}-other`, { connection }))
    const otherWorker = closed(new Worker(other.name, async () => {}, { connection }))
    const otherDone = take(otherWorker, 'completed', 1)
    await other.add('quick', {}, { delay: 100 })
    await otherDone
    expect(await queue.getActiveCount()).toBe(0)
    expect(await job.isCompleted()).toBe(false)

    const resumed = once(events, 'resumed')
    await queue.resume()
    await resumed
    expect(await job.waitUntilFinished(events)).toBe('done')
    expect(await queue.isPaused()).toBe(false)
  })

  test('a job scheduler makes a job again and again until it is removed', async () => {
    const worker = newWorker(async job => job.data.text)
    const completed = take<Completed>(worker, 'completed', 3)
    await queue.upsertJobScheduler('tick', { every: 100 }, { name: 'ticking', data: { text: 'tick' } })
    await queue.upsertJobScheduler('nightly', { pattern: '0 0 3 * * *', tz: 'UTC' }, { name: 'report' })
    const results = await completed
    expect(results.map(([job, result]) => [job.name, result])).toEqual(Array(3).fill(['ticking', 'tick']))
    const [first, , third] = results.map(([job]) => Number(job.id?.split(':').at(-1)))
    expect((third - first) % 100).toBe(0)
    expect(third - first).toBeGreaterThanOrEqual(200)

    const schedulers = await queue.getJobSchedulers()
    // The one that is due last comes first.
    expect(schedulers.map(({ every, key, pattern }) => ({ every, key, pattern }))).toEqual([
      { key: 'nightly', every: undefined, pattern: '0 0 3 * * *' },
      { key: 'tick', every: 100, pattern: undefined },
    ])
    expect(new Date(schedulers[0].next ?? 0).getUTCHours()).toBe(3)
    expect(await queue.removeJobScheduler('tick')).toBe(true)
    expect(await queue.getJobSchedulersCount()).toBe(1)
    expect((await queue.getDelayed()).map(job => job.name)).toEqual(['report'])
  })

  test('a job whose worker has gone is given to another one', async () => {
    const lost = newWorker(async () => {}, { autorun: false, lockDuration: 100, skipLockRenewal: true })
    const job = await queue.add('orphan', {})
    expect((await lost.getNextJob('token'))?.id).toBe(job.id)
    expect(await job.getState()).toBe('active')
    const events = await newEvents()
    const stalled = once(events, 'stalled')
    newWorker(async () => 'found', { stalledInterval: 100 })
    expect(await job.waitUntilFinished(events)).toBe('found')
    expect((await stalled)[0]).toEqual({ jobId: job.id })
  })

  test('progress, logs, changed data and duplicates', async () => {
    const events = await newEvents()
    const progress = take<[{ jobId: string; data: unknown }]>(events, 'progress', 2)
    const first = await queue.add('only', {}, { deduplication: { id: 'one' } })
    const second = await queue.add('only', {}, { deduplication: { id: 'one' } })
    expect(second.id).toBe(first.id)
    await first.updateData({ changed: true })
    newWorker(async job => {
      await job.updateProgress({ step: 1 })
      await job.log('first line')
      await job.log('second line')
      await job.updateProgress(100)
      return job.data
    })
    expect(await first.waitUntilFinished(events)).toEqual({ changed: true })
    expect((await progress).map(([{ data }]) => data)).toEqual([{ step: 1 }, 100])
    expect(await queue.getJobLogs(first.id ?? '')).toEqual({ count: 2, logs: ['first line', 'second line'] })
  })

  test('jobs are removed one by one, drained, cleaned, and nothing is left of an obliterated queue', async () => {
    const jobs = await queue.addBulk(Array.from({ length: 10 }, (_, i) => ({ name: `${i}`, data: { i } })))
    expect(await queue.remove(jobs[0].id ?? '')).toBe(1)
    expect(await queue.getJob(jobs[0].id ?? '')).toBeUndefined()
    const worker = newWorker(async () => {}, { autorun: false })
    const completed = take(worker, 'completed', 9)
    void worker.run()
    await completed
    expect(await queue.clean(0, 4, 'completed')).toEqual(jobs.slice(1, 5).map(job => job.id))
    await worker.close()
    await queue.addBulk(Array.from({ length: 10 }, (_, i) => ({ name: `${i}`, data: {}, opts: { delay: i * 1000 } })))
    await queue.drain()
    expect(await queue.getJobCounts('waiting', 'delayed', 'completed')).toEqual({
      waiting: 0,
      delayed: 9,
      completed: 5,
    })
    await queue.pause()
    await queue.obliterate()
    expect((await redis.keys(`bull:${name}:*`)).filter(key => !key.endsWith(':meta'))).toEqual([])
  })

  test('scripts that the server has forgotten are sent again', async () => {
    await queue.add('before', {})
    expect(await redis.script('FLUSH')).toBe('OK')
    await queue.add('after', {})
    const worker = newWorker(async () => {}, { autorun: false })
    await worker.waitUntilReady()
    const completed = take<Completed>(worker, 'completed', 2)
    await redis.script('FLUSH', 'SYNC')
    void worker.run()
    expect((await completed).map(([job]) => job.name)).toEqual(['before', 'after'])
  })
})
