import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { RawClient } from '../../commands/raw-client.js'
import { ask, askText, info, inStep, linkUp, until } from '../../interop/polling.js'
import { type RunningServer, type StartOptions, startRedisTs, tempDir } from '../../interop/stock.js'

const QUIET = ['--save', '', '--enable-debug-command', 'yes']
const start = (args: string[] = [], options?: StartOptions): Promise<RunningServer> =>
  startRedisTs([...QUIET, '--appendonly', 'yes', ...args], options)

const folderOf = (dir: string): string => join(dir, 'appendonlydir')

/** Names of the folder's files, but for the manifest. */
function files(dir: string): string[] {
  return readdirSync(folderOf(dir))
    .filter(name => !name.endsWith('.manifest'))
    .sort()
}

/** Text of the incremental file that is written now. */
function tail(dir: string): string {
  const incrs = files(dir).filter(name => name.includes('.incr.'))
  return readFileSync(join(folderOf(dir), incrs[incrs.length - 1]), 'latin1')
}

function manifest(dir: string): string {
  return readFileSync(join(folderOf(dir), 'appendonly.aof.manifest'), 'latin1')
}

const aofField = async (port: number, name: string): Promise<string> =>
  (await info(port, 'persistence')).get(name) ?? ''

async function rewritten(port: number): Promise<void> {
  await until('no rewrite is under way', async () => {
    const fields = await info(port, 'persistence')
    return fields.get('aof_rewrite_in_progress') === '0' && fields.get('aof_rewrite_scheduled') === '0'
  })
}

const wire = (...args: string[]): string =>
  `*${args.length}\r\n${args.map(arg => `$${arg.length}\r\n${arg}\r\n`).join('')}`

describe('what goes into the file', () => {
  test('is what replicas would get, and nothing of what only replicas want', async () => {
    const server = await start()
    const client = await RawClient.connect(server.port)
    await client.pipeline([
      ['SADD', 's', 'only'],
      ['SPOP', 's'],
      ['SET', 'k', 'v', 'EX', '1000'],
      ['GET', 'k'],
      ['PUBLISH', 'channel', 'message'],
      ['MULTI'],
      ['INCR', 'a'],
      ['GET', 'a'],
      ['INCR', 'b'],
      ['EXEC'],
      ['EVAL', "redis.call('SET', KEYS[1], 1) redis.call('INCR', KEYS[1])", '1', 'c'],
    ])
    client.close()
    const text = tail(server.dir)
    expect(text).toContain(wire('SADD', 's', 'only') + wire('SREM', 's', 'only'))
    expect(text).toMatch(/\$4\r\nPXAT\r\n\$13\r\n/)
    expect(text).toContain(`${wire('MULTI')}${wire('INCR', 'a')}${wire('INCR', 'b')}${wire('EXEC')}`)
    expect(text).toContain(`${wire('MULTI')}${wire('SET', 'c', '1')}${wire('INCR', 'c')}${wire('EXEC')}`)
    expect(text).not.toContain('PUBLISH')
    await server.stop()
  })

  test('is a string that BITFIELD has made longer without changing a bit, too', async () => {
    const server = await start()
    await ask(server.port, 'BITFIELD', 'bits', 'OVERFLOW', 'FAIL', 'INCRBY', 'u1', '100', '17')
    server.kill('SIGKILL')
    await server.exited
    const again = await start([], { dir: server.dir })
    expect(await askText(again.port, 'STRLEN', 'bits')).toBe('13')
    await again.stop()
  })

  test('is told by a script that writes for the file alone, or for replicas alone', async () => {
    const server = await start()
    const replica = await startRedisTs([...QUIET, '--replicaof', '127.0.0.1', String(server.port)])
    await linkUp(replica.port)
    const script = `
      redis.set_repl(redis.REPL_AOF) redis.call('SET', 'file', 1)
      redis.set_repl(redis.REPL_REPLICA) redis.call('SET', 'replicas', 1)
      redis.set_repl(redis.REPL_NONE) redis.call('SET', 'nobody', 1)
      redis.set_repl(redis.REPL_ALL) redis.call('SET', 'all', 1)`
    await ask(server.port, 'EVAL', script, '0')
    await inStep(server.port, replica.port)
    expect((await ask(replica.port, 'MGET', 'file', 'replicas', 'nobody', 'all')).elements?.map(e => e.text)).toEqual([
      null,
      '1',
      null,
      '1',
    ])
    server.kill('SIGKILL')
    await server.exited
    const again = await start([], { dir: server.dir })
    expect((await ask(again.port, 'MGET', 'file', 'replicas', 'nobody', 'all')).elements?.map(e => e.text)).toEqual([
      '1',
      null,
      null,
      '1',
    ])
    await Promise.all([again.stop(), replica.stop()])
  })

  test('says when, with aof-timestamp-enabled, and is loaded all the same', async () => {
    const server = await start(['--aof-timestamp-enabled', 'yes'])
    await ask(server.port, 'SET', 'a', 'b')
    expect(tail(server.dir)).toMatch(/^#TS:\d{10}\r\n\*2\r\n\$6\r\nSELECT/)
    server.kill('SIGKILL')
    await server.exited
    const again = await start([], { dir: server.dir })
    expect(await askText(again.port, 'GET', 'a')).toBe('b')
    await again.stop()
  })

  test('is there, kill -9 or not, a value of many megabytes too', async () => {
    const server = await start()
    const client = await RawClient.connect(server.port)
    const large = 'x'.repeat(40_000_000)
    await client.pipeline([
      ['SET', 'large', large],
      ['APPEND', 'large', 'y'],
      ['SET', 'small', '1'],
    ])
    expect((await client.call('WAITAOF', '1', '0', '0')).elements?.map(e => e.text)).toEqual(['1', '0'])
    await client.call('CONFIG', 'SET', 'appendfsync', 'always')
    await client.call('INCR', 'small')
    server.kill('SIGKILL')
    await server.exited
    const again = await start([], { dir: server.dir })
    expect(await askText(again.port, 'STRLEN', 'large')).toBe('40000001')
    expect(await askText(again.port, 'GET', 'small')).toBe('2')
    await again.stop()
  })
})

describe('appendfsync always', () => {
  test('sends no reply, of a read neither, before what it has seen is written', async () => {
    const server = await start(['--appendfsync', 'always'])
    const writer = await RawClient.connect(server.port)
    const reader = await RawClient.connect(server.port)
    await writer.call('DEBUG', 'AOF-FLUSH-SLEEP', '100000')
    const size = (): number => tail(server.dir).length
    for (let i = 1; i <= 5; i++) {
      const before = size()
      const replies = [writer.call('INCR', 'n'), reader.call('GET', 'n')]
      for (const reply of replies) {
        await reply
        expect(size()).toBeGreaterThan(before)
      }
    }
    await server.stop()
  })

  test('holds up messages and clients that wait for keys as it does replies', async () => {
    const server = await start(['--appendfsync', 'always'])
    const popper = await RawClient.connect(server.port)
    const subscriber = await RawClient.connect(server.port)
    const writer = await RawClient.connect(server.port)
    await subscriber.call('SUBSCRIBE', 'channel')
    popper.write(['PING'], ['BLPOP', 'list', '0'])
    expect((await popper.next()).text).toBe('PONG')
    await until('it waits', async () => (await info(server.port, 'clients')).get('blocked_clients') === '1')
    const replies = await writer.pipeline([
      ['RPUSH', 'list', 'a'],
      ['PUBLISH', 'channel', 'b'],
      ['INCR', 'n'],
    ])
    expect(replies.map(reply => reply.text)).toEqual(['1', '1', '1'])
    expect((await popper.next()).elements?.map(e => e.text)).toEqual(['list', 'a'])
    expect((await subscriber.next()).elements?.map(e => e.text)).toEqual(['message', 'channel', 'b'])
    await server.stop()
  })

  test('answers long pipelines of many clients in order, while the policy changes', async () => {
    const server = await start(['--appendfsync', 'always'])
    const clients = await Promise.all(Array.from({ length: 8 }, () => RawClient.connect(server.port)))
    const wanted = Array.from({ length: 3000 }, (_, i) => String(i + 1))
    const answers = clients.map((client, c) => client.pipeline(wanted.map(() => ['INCR', `counter ${c}`])))
    for (const policy of ['everysec', 'always', 'no', 'always']) {
      await ask(server.port, 'CONFIG', 'SET', 'appendfsync', policy)
    }
    for (const replies of answers) expect((await replies).map(reply => reply.text)).toEqual(wanted)
    server.kill('SIGKILL')
    await server.exited
    const again = await start([], { dir: server.dir })
    for (let c = 0; c < clients.length; c++) expect(await askText(again.port, 'GET', `counter ${c}`)).toBe('3000')
    await again.stop()
  })
})

describe('a rewrite', () => {
  test('leaves a base and an incremental file, and can be told to keep what came before', async () => {
    const server = await start(['--aof-disable-auto-gc', 'yes'])
    await ask(server.port, 'SET', 'a', '1')
    expect(await askText(server.port, 'BGREWRITEAOF')).toBe('Background append only file rewriting started')
    await rewritten(server.port)
    expect(manifest(server.dir)).toBe(
      'file appendonly.aof.2.base.rdb seq 2 type b\nfile appendonly.aof.1.incr.aof seq 1 type h\n' +
        'file appendonly.aof.1.base.rdb seq 1 type h\nfile appendonly.aof.2.incr.aof seq 2 type i\n',
    )
    expect(files(server.dir).length).toBe(4)
    await ask(server.port, 'CONFIG', 'SET', 'aof-disable-auto-gc', 'no')
    await until('history is gone', async () => files(server.dir).length === 2)
    await until('the manifest says so', async () => !manifest(server.dir).includes('type h'))
    await server.stop()
  })

  test('waits for a save under way, and a save for it', async () => {
    const server = await start()
    for (let i = 0; i < 20; i++) await ask(server.port, 'SET', `k${i}`, 'v')
    await ask(server.port, 'CONFIG', 'SET', 'rdb-key-save-delay', '100000')
    await ask(server.port, 'BGSAVE')
    expect(await askText(server.port, 'BGREWRITEAOF')).toBe('Background append only file rewriting scheduled')
    expect(await aofField(server.port, 'aof_rewrite_scheduled')).toBe('1')
    await ask(server.port, 'CONFIG', 'SET', 'rdb-key-save-delay', '0')
    await until('it has begun', async () => (await aofField(server.port, 'aof_rewrites')) === '1')
    await rewritten(server.port)
    await ask(server.port, 'CONFIG', 'SET', 'rdb-key-save-delay', '100000')
    await ask(server.port, 'BGREWRITEAOF')
    expect(await askText(server.port, 'BGREWRITEAOF')).toBe(
      'ERR Background append only file rewriting already in progress',
    )
    await until('the snapshot has begun', async () => (await info(server.port, 'stats')).get('total_forks') === '3')
    expect(await askText(server.port, 'BGSAVE')).toBe(
      "ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE in order to schedule a BGSAVE whenever possible.",
    )
    expect(await askText(server.port, 'BGSAVE', 'SCHEDULE')).toBe('Background saving scheduled')
    // SAVE does not wait: the rewrite begins again behind it.
    expect(await askText(server.port, 'SAVE')).toBe('OK')
    expect(await aofField(server.port, 'aof_rewrite_scheduled')).toBe('1')
    await ask(server.port, 'CONFIG', 'SET', 'rdb-key-save-delay', '0')
    await rewritten(server.port)
    expect(await aofField(server.port, 'aof_last_bgrewrite_status')).toBe('ok')
    await server.stop()
  })

  test('inside EXEC is left to the cron, and sees the transaction as a whole', async () => {
    const server = await start()
    const client = await RawClient.connect(server.port)
    const replies = await client.pipeline([['MULTI'], ['INCR', 'a'], ['BGREWRITEAOF'], ['INCR', 'a'], ['EXEC']])
    expect(replies[4].elements?.[1].text).toBe('Background append only file rewriting scheduled')
    client.close()
    await rewritten(server.port)
    server.kill('SIGKILL')
    await server.exited
    const again = await start([], { dir: server.dir })
    expect(await askText(again.port, 'GET', 'a')).toBe('2')
    await again.stop()
  })

  test('begins by itself when the files have grown', async () => {
    const server = await start(['--auto-aof-rewrite-min-size', '10kb', '--auto-aof-rewrite-percentage', '100'])
    // In one piece: what came behind the beginning of the rewrite would stay in the file.
    const client = await RawClient.connect(server.port)
    await client.pipeline(Array.from({ length: 30 }, () => ['SET', 'same', 'x'.repeat(1000)]))
    client.close()
    await server.waitForLog('Starting automatic rewriting of AOF on')
    await server.waitForLog('Background AOF rewrite finished successfully')
    expect(Number(await aofField(server.port, 'aof_current_size'))).toBeLessThan(3000)
    await server.stop()
  })

  test('under writes loses none, and counts none twice', async () => {
    const server = await start()
    const client = await RawClient.connect(server.port)
    let sent = 0
    let stop = false
    const writing = (async () => {
      while (!stop) {
        await client.pipeline(Array.from({ length: 50 }, () => ['INCR', 'n']))
        sent += 50
        await client.pipeline([['RPUSH', 'l', String(sent)]])
      }
    })()
    for (let i = 0; i < 5; i++) {
      await ask(server.port, 'BGREWRITEAOF')
      await rewritten(server.port)
    }
    stop = true
    await writing
    server.kill('SIGKILL')
    await server.exited
    const again = await start([], { dir: server.dir })
    expect(await askText(again.port, 'GET', 'n')).toBe(String(sent))
    expect(await askText(again.port, 'LLEN', 'l')).toBe(String(sent / 50))
    await again.stop()
  })
})

describe('appendonly at run time', () => {
  test('goes on and off, and what was written meanwhile is in the next base', async () => {
    const server = await startRedisTs(QUIET)
    await ask(server.port, 'SET', 'before', '1')
    expect(await askText(server.port, 'CONFIG', 'SET', 'appendonly', 'yes')).toBe('OK')
    await ask(server.port, 'SET', 'at once', '1')
    await rewritten(server.port)
    expect(await aofField(server.port, 'aof_enabled')).toBe('1')
    await ask(server.port, 'CONFIG', 'SET', 'appendonly', 'no')
    await ask(server.port, 'SET', 'between', '1')
    await ask(server.port, 'CONFIG', 'SET', 'appendonly', 'yes')
    const client = await RawClient.connect(server.port)
    await client.call('SET', 'after', '1')
    expect((await client.call('WAITAOF', '1', '0', '0')).elements?.map(e => e.text)).toEqual(['1', '0'])
    server.kill('SIGKILL')
    await server.exited
    const again = await start([], { dir: server.dir })
    expect(await askText(again.port, 'EXISTS', 'before', 'at once', 'between', 'after')).toBe('4')
    await again.stop()
  })

  test('that is turned off ends the waits for it', async () => {
    const server = await start(['--appendfsync', 'no'])
    const client = await RawClient.connect(server.port)
    await client.call('INCR', 'a')
    const waited = client.call('WAITAOF', '1', '0', '0')
    await until('it waits', async () => (await info(server.port, 'clients')).get('blocked_clients') === '1')
    await ask(server.port, 'CONFIG', 'SET', 'appendonly', 'no')
    expect((await waited).text).toBe('ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.')
    await server.stop()
  })

  test('does not let the server go before the first base is complete', async () => {
    const server = await startRedisTs(QUIET)
    for (let i = 0; i < 20; i++) await ask(server.port, 'SET', `k${i}`, 'v')
    await ask(server.port, 'CONFIG', 'SET', 'rdb-key-save-delay', '100000')
    await ask(server.port, 'CONFIG', 'SET', 'appendonly', 'yes')
    expect(await askText(server.port, 'SHUTDOWN')).toBe('ERR Errors trying to SHUTDOWN. Check logs.')
    expect(server.log()).toContain("Writing initial AOF, can't exit.")
    await ask(server.port, 'CONFIG', 'SET', 'rdb-key-save-delay', '0')
    await rewritten(server.port)
    await server.stop()
  })

  test('warns that an RDB file is not loaded where there is no file of commands', async () => {
    const dir = tempDir()
    const first = await startRedisTs(QUIET, { dir })
    await ask(first.port, 'SET', 'a', '1')
    await ask(first.port, 'SAVE')
    await first.stop()
    const second = await start([], { dir })
    expect(second.log()).toContain('WARNING: appendonly is on and there is no append-only file')
    expect(await askText(second.port, 'DBSIZE')).toBe('0')
    await second.stop()
    expect(existsSync(join(dir, 'dump.rdb'))).toBe(true)
  })
})

describe('loading', () => {
  /** A folder with one incremental file of this text, and no base. */
  function folder(text: string): string {
    const dir = tempDir()
    writeFileSync(join(dir, 'appendonly.aof'), text)
    return dir
  }

  test.each([
    [
      'an unknown command',
      wire('SET', 'a', '1') + wire('NOSUCH', 'a'),
      /Unknown command 'NOSUCH' reading the append only file appendonly\.aof: at offset 27/,
    ],
    [
      'too few arguments',
      wire('SET', 'a', '1') + wire('SET', 'a'),
      /Bad file format reading the append only file appendonly\.aof: at offset 27/,
    ],
    ['no command at all', 'SET a 1\r\n', /Bad file format .* at offset 0: a command, which begins with \*/],
    [
      'a command of nothing',
      `${wire('SET', 'a', '1')}*0\r\n`,
      /Bad file format .* at offset 27: a command of no arguments/,
    ],
  ])('is refused at %s, with the place and what can be done', async (_what, text, problem) => {
    await expect(start([], { dir: folder(text), readyTimeoutMs: 5000 })).rejects.toThrow(problem)
    await expect(start([], { dir: folder(text), readyTimeoutMs: 5000 })).rejects.toThrow(
      /redis-check-aof|Unknown command/,
    )
  })

  test('takes back a transaction that has no end', async () => {
    const whole = wire('SET', 'a', '1')
    const dir = folder(whole + wire('MULTI') + wire('SET', 'a', '2') + wire('SET', 'b', '2'))
    await expect(start(['--aof-load-truncated', 'no'], { dir, readyTimeoutMs: 5000 })).rejects.toThrow(
      /Unexpected end of file reading the append only file appendonly\.aof, behind offset 27/,
    )
    const server = await start([], { dir })
    expect(server.log()).toContain('Revert incomplete MULTI/EXEC transaction in AOF file appendonly.aof')
    expect(server.log()).toMatch(/Truncating the AOF appendonly\.aof at offset 27 !!! \(69 bytes of 96 are dropped\)/)
    expect(await askText(server.port, 'GET', 'a')).toBe('1')
    expect(await askText(server.port, 'EXISTS', 'b')).toBe('0')
    expect(statSync(join(folderOf(dir), 'appendonly.aof')).size).toBe(whole.length)
    await server.stop()
  })

  test('goes on while clients get -LOADING, and again by DEBUG LOADAOF', async () => {
    const server = await start(['--key-load-delay', '2000'])
    const client = await RawClient.connect(server.port)
    await client.pipeline(Array.from({ length: 300 }, (_, i) => ['SET', `k${i}`, 'v']))
    const digest = await askText(server.port, 'DEBUG', 'DIGEST')
    const loaded = client.call('DEBUG', 'LOADAOF')
    await until('it loads', async () => (await askText(server.port, 'GET', 'k1')).startsWith('LOADING'))
    expect((await loaded).text).toBe('OK')
    expect(await askText(server.port, 'DEBUG', 'DIGEST')).toBe(digest)
    await server.stop()
  })

  test('executes commands without telling anybody, and keeps what has expired until the commands say so', async () => {
    const past = String(Date.now() - 10_000)
    const dir = folder(wire('SET', 'old', 'v', 'PXAT', past) + wire('APPEND', 'old', 'w') + wire('PERSIST', 'old'))
    const server = await start(['--notify-keyspace-events', 'KEA'], { dir })
    expect(await askText(server.port, 'GET', 'old')).toBe('vw')
    expect((await info(server.port, 'commandstats')).has('cmdstat_append')).toBe(false)
    await server.stop()
  })
})
