// Run by Jest in a project that has the package: see package.test.ts.
const { Redis } = require('ioredis')
const { createServer } = require('redis-ts')

let server
let client

beforeAll(async () => {
  server = await createServer({
    port: 0,
    save: '',
    dir: __dirname,
    'enable-protected-configs': 'yes',
    'repl-diskless-sync-delay': 0,
  })
  client = new Redis(server.port)
})

afterAll(async () => {
  client.disconnect()
  await server.close()
})

test('values of every kind', async () => {
  await client.set('string', 'value')
  await client.rpush('list', 'a', 'b')
  await client.sadd('set', 'a', 'b')
  await client.zadd('zset', 1.5, 'a', 2, 'b')
  await client.hset('hash', 'field', 'value')
  await client.xadd('stream', '1-1', 'field', 'value')
  await client.pfadd('hll', 'a', 'b')
  expect(await client.zrange('zset', 0, -1, 'WITHSCORES')).toEqual(['a', '1.5', 'b', '2'])
  for (const key of await client.keys('*')) {
    await client.restore(`${key}:copy`, 0, await client.dumpBuffer(key))
    expect(await client.dumpBuffer(`${key}:copy`)).toEqual(await client.dumpBuffer(key))
  }
  expect(await client.dbsize()).toBe(14)
})

test('scripts, and those that fall down', async () => {
  expect(await client.eval("return redis.call('GET', KEYS[1])", 1, 'string')).toBe('value')
  const overflow = 'local function f() return f() + 1 end return f()'
  await expect(client.eval(overflow, 0)).rejects.toThrow('stack overflow')
})

test('damaged values are refused', async () => {
  await expect(client.restore('bad', 0, 'damage')).rejects.toThrow('DUMP payload version or checksum are wrong')
})

test("errors of the file system have the system's words", async () => {
  await expect(client.config('SET', 'dir', '/nowhere/at/all')).rejects.toThrow(/No such file or directory/)
  await expect(client.config('REWRITE')).rejects.toThrow('The server is running without a config file')
})

test('snapshots and append-only files', async () => {
  expect(await client.save()).toBe('OK')
  expect(await client.config('SET', 'appendonly', 'yes')).toBe('OK')
  await client.set('string', 'kept')
  const second = new Redis(server.port)
  expect(await second.get('string')).toBe('kept')
  second.disconnect()
})

test('what a large value had is given back', async () => {
  await client.set('large', Buffer.alloc(20_000_000))
  expect(await client.strlen('large')).toBe(20_000_000)
  expect(await client.del('large')).toBe(1)
})

test('a replica in the same process', async () => {
  const replica = await createServer({
    port: 0,
    save: '',
    dir: __dirname,
    dbfilename: 'replica.rdb',
    replicaof: ['127.0.0.1', server.port],
  })
  const reader = new Redis(replica.port)
  while (!(await reader.info('replication')).includes('master_link_status:up')) await new Promise(setImmediate)
  expect(await reader.get('string')).toBe('kept')
  reader.disconnect()
  await replica.close()
})

test('options that are wrong are TypeErrors here, too', async () => {
  await expect(createServer({ prot: 1 })).rejects.toThrow(TypeError)
})
