import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { PROBES, selectorRule } from '../../acl/arbitrary-rules.js'
import { type RunningServer, requireStock, startRedisServer } from '../../interop/stock.js'
import { AclServer, fields, send } from '../acl-server.js'
import { texts } from '../raw-client.js'
import { expectSame, words } from '../side-by-side.js'

const acl = new AclServer()

describe('beside stock Redis', requireStock('redis-server'), () => {
  let stock: RunningServer
  beforeAll(async () => {
    stock = await startRedisServer(['--save', ''])
  })

  // But for users that were not told to sanitize-payload: 7.0 does not show that flag, which is the default, then.
  test('errors and replies are the same', async () => {
    await expectSame(
      await acl.connect(),
      await acl.connect(stock),
      words(
        'acl',
        'acl nosuch',
        'acl whoami',
        'acl whoami x',
        'acl users',
        'acl cat',
        'acl cat nosuch',
        'acl genpass 0',
        'acl genpass -1',
        'acl genpass 4097',
        'acl genpass x',
        'acl log',
        'acl log 3',
        'acl log -5',
        'acl log x',
        'acl log reset',
        'acl load',
        'acl save',
        'acl load x',
        'acl deluser',
        'acl deluser default',
        'acl deluser nobody',
        'acl getuser nobody',
        'acl setuser',
        'acl setuser alice on sanitize-payload >x >y ~a* %R~b* &news',
        'acl getuser alice',
        'acl setuser alice <z',
        'acl setuser alice #123',
        'acl setuser alice +nosuch',
        'acl setuser alice +get|a|b',
        'acl setuser alice +config|nosuch',
        'acl setuser alice +config|get|port',
        'acl setuser alice ~* ~a',
        'acl setuser alice &* &a',
        'acl setuser alice nonsense',
        'acl setuser alice (+nosuch)',
        'acl setuser alice )',
        'acl getuser alice',
        'acl dryrun alice',
        'acl dryrun nobody get x',
        'acl dryrun alice nosuch x',
        'acl dryrun alice get',
        'auth alice x',
        'auth default any',
        'acl whoami',
        'auth alice wrong',
        'hello 3 auth alice wrong',
        'client kill user nobody',
        'acl deluser alice alice',
      ),
    )
  })

  // Redis 7.0 describes commands by rules of its own making and words denials differently, so that of the rules given to
  // both only keys, channels and decisions are compared; and it is given 7.2's description, which has to mean the same to it.
  test('random rules lead to the same decisions, and it reads our descriptions', async () => {
    const ours = await acl.connect()
    const theirs = await acl.connect(stock)
    const same = async (name: string): Promise<void> => {
      const [mine, other] = await Promise.all([ours, theirs].map(client => client.call('ACL', 'GETUSER', name)))
      // What Redis writes as ~* among other patterns, it would not take back.
      expect(fields(mine).get('keys')?.replace('%RW~*', '~*')).toEqual(fields(other).get('keys'))
      expect(fields(mine).get('channels')).toEqual(fields(other).get('channels'))
      const probes = PROBES.map(probe => ['ACL', 'DRYRUN', name, ...probe])
      const [mineSays, otherSays] = await Promise.all([ours, theirs].map(client => send(client, ...probes)))
      expect(mineSays.map(denied)).toEqual(otherSays.map(denied))
    }
    const denied = (text: string | null): string | undefined => /OK|the '.*'|command/.exec(text ?? '')?.[0]
    await fc.assert(
      fc.asyncProperty(fc.array(selectorRule, { maxLength: 8 }), async rules => {
        for (const client of [ours, theirs]) await client.call('ACL', 'SETUSER', 'random', 'reset', 'clearselectors')
        for (const rule of rules) {
          const set = ['ACL', 'SETUSER', 'random', rule]
          expect({ rule, reply: await ours.call(...set) }).toEqual({ rule, reply: await theirs.call(...set) })
        }
        await same('random')
        const line = texts(await ours.call('ACL', 'LIST')).find(text => text.startsWith('user random ')) ?? ''
        const described = ['reset', ...line.split(' ').slice(2)]
        for (const client of [ours, theirs]) {
          expect((await client.call('ACL', 'SETUSER', 'random', ...described)).text).toBe('OK')
        }
        await same('random')
      }),
      { numRuns: 60 },
    )
  })
})
