import { once } from 'node:events'
import BeeQueue from 'bee-queue'
import { beforeAll, describe, expect, test } from 'vitest'
import { startRedisTs } from '../stock.js'
import { closeAfterEach, take } from './closing.js'

/** It brings a client of its own, node-redis 3: RESP2, and connections that know nothing of HELLO. */
describe('bee-queue', () => {
  const closed = closeAfterEach()
  let port = 0
  let names = 0

  beforeAll(async () => {
    ;({ port } = await startRedisTs(['--save', '']))
  })

  interface Data {
    readonly number: number
  }

  async function newQueue(name: string, settings: BeeQueue.QueueSettings = {}): Promise<BeeQueue<Data>> {
    return closed(new BeeQueue<Data>(name, { redis: { host: '127.0.0.1', port }, ...settings })).ready()
  }

  test('jobs are done by a worker, and who made them hears of the results', async () => {
    const name = `queue-${++names}`
    const producer = await newQueue(name, { isWorker: false })
    const worker = await newQueue(name, { getEvents: false })
    const jobs = Array.from({ length: 20 }, (_, number) => producer.createJob({ number }))
    const results = Promise.all(jobs.map(job => once(job, 'succeeded').then(([result]) => result as number)))
    expect(await producer.saveAll(jobs)).toEqual(new Map())
    expect(await producer.checkHealth()).toMatchObject({ waiting: 20, active: 0, succeeded: 0, newestJob: 20 })
    worker.process(4, async job => job.data.number ** 2)
    expect(await results).toEqual(jobs.map(job => job.data.number ** 2))
    expect(await producer.checkHealth()).toMatchObject({ waiting: 0, active: 0, succeeded: 20 })
    expect(await producer.getJobs('succeeded', { size: 100 })).toHaveLength(20)
  })

  test('a job is tried again as often as it may, then it has failed', async () => {
    // A job that is to be tried later is a delayed one.
    const queue = await newQueue(`queue-${++names}`, { activateDelayedJobs: true, delayedDebounce: 1 })
    let attempts = 0
    const retrying = take<[BeeQueue.Job<Data>, Error]>(queue, 'retrying', 2)
    // 'failed' comes with each attempt.
    const failed = once(queue, 'failed:fatal')
    const job = await queue.createJob({ number: 1 }).retries(2).backoff('fixed', 10).save()
    queue.process(async () => {
      throw new Error(`attempt ${++attempts}`)
    })
    expect((await retrying).map(([, error]) => error.message)).toEqual(['attempt 1', 'attempt 2'])
    const [last, error] = await failed
    expect([last.id, error.message, attempts]).toEqual([job.id, 'attempt 3', 3])
    expect((await queue.getJobs('failed', { size: 10 })).map(({ id }) => id)).toEqual([job.id])
  })

  test('a delayed job waits for its time', async () => {
    const queue = await newQueue(`queue-${++names}`, { activateDelayedJobs: true, delayedDebounce: 10 })
    const due = Date.now() + 200
    let startedAt = 0
    queue.process(async () => {
      startedAt = Date.now()
    })
    const succeeded = once(queue, 'succeeded')
    const job = await queue.createJob({ number: 1 }).delayUntil(due).save()
    expect(await queue.checkHealth()).toMatchObject({ delayed: 1, waiting: 0 })
    const [done] = await succeeded
    expect(done.id).toBe(job.id)
    expect(startedAt).toBeGreaterThanOrEqual(due - 1)
  })

  test('a job whose worker has gone is found by the stalled check', async () => {
    const name = `queue-${++names}`
    const lost = new BeeQueue<Data>(name, { redis: { host: '127.0.0.1', port }, stallInterval: 50 })
    await lost.ready()
    const begun = new Promise<void>(resolve => {
      // Never ends, and goes with its worker.
      lost.process(() => {
        resolve()
        return new Promise(() => {})
      })
    })
    const job = await lost.createJob({ number: 3 }).save()
    await begun
    await lost.close(1).catch(() => {})

    const queue = await newQueue(name, { stallInterval: 50 })
    const stalled = once(queue, 'stalled')
    const succeeded = once(queue, 'succeeded')
    queue.process(async ({ data }) => data.number * 2)
    void queue.checkStalledJobs(20)
    expect(await stalled).toEqual([job.id])
    const [done, result] = await succeeded
    expect([done.id, result]).toEqual([job.id, 6])
  })

  test('jobs are told apart by ids of their own, report progress, are removed, and the queue is destroyed', async () => {
    const queue = await newQueue(`queue-${++names}`)
    const job = await queue.createJob({ number: 1 }).setId('mine').save()
    // Nothing is made of the second one: it has no id.
    expect((await queue.createJob({ number: 2 }).setId('mine').save()).id).toBeNull()
    const other = await queue.createJob({ number: 3 }).save()
    await queue.removeJob(other.id)
    const progress = once(job, 'progress')
    const succeeded = once(job, 'succeeded')
    queue.process(async running => {
      running.reportProgress({ half: true })
      await progress
      return 'done'
    })
    expect(await progress).toEqual([{ half: true }])
    expect(await succeeded).toEqual(['done'])
    expect(await queue.checkHealth()).toMatchObject({ waiting: 0, active: 0, succeeded: 1 })
    await queue.destroy()
    expect(await queue.checkHealth()).toMatchObject({ waiting: 0, active: 0, succeeded: 0 })
  })
})
