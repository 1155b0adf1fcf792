/** Replies in RESP3 as JSON, however they are cut. */
import { expect, test } from 'vitest'
import { ReplyJson } from '../../src/http/commands/reply-json.js'
import { ReplyWriter } from '../../src/resp/reply-writer.js'

/** The JSON of each reply when the bytes come in pieces of so many. */
function jsonOf(bytes: Buffer, pieceBytes = bytes.length): unknown[] {
  const json = new ReplyJson()
  const replies: unknown[] = []
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    json.push(bytes.subarray(at, at + pieceBytes))
    while (!json.isHungry) {
      // As little as can be done at a time.
      if (json.run(0)) replies.push(JSON.parse(Buffer.concat(json.take()).toString()))
    }
  }
  return replies
}

function resp(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}

const REPLIES: readonly (readonly [reply: string, json: unknown])[] = [
  ['+OK\r\n', { status: 'OK' }],
  ['-WRONGTYPE Operation\r\n', { error: 'WRONGTYPE Operation' }],
  [':-12\r\n', -12],
  [':9007199254740993\r\n', { integer: '9007199254740993' }],
  ['(3492890328409238509324850943850943825024385\r\n', { integer: '3492890328409238509324850943850943825024385' }],
  [',1.5\r\n', { double: '1.5' }],
  [',-inf\r\n', { double: '-inf' }],
  ['#t\r\n', true],
  ['#f\r\n', false],
  ['_\r\n', null],
  ['$-1\r\n', null],
  ['*-1\r\n', null],
  ['$0\r\n\r\n', ''],
  ['$5\r\na\r\nb"\r\n', 'a\r\nb"'],
  ['$2\r\n\xc3\xa9\r\n', 'é'],
  ['$3\r\n\xef\xbb\xbf\r\n', '\ufeff'],
  ['$1\r\n\xff\r\n', { base64: '/w==' }],
  ['$2\r\n\xc3(\r\n', { base64: 'wyg=' }],
  ['=8\r\ntxt:text\r\n', { text: 'text' }],
  ['=4\r\ntxt:\r\n', { text: '' }],
  ['=5\r\ntxt:\xff\r\n', { base64: '/w==' }],
  ['!9\r\nERR wrong\r\n', { error: 'ERR wrong' }],
  ['*0\r\n', []],
  ['*3\r\n:1\r\n*2\r\n_\r\n*0\r\n$1\r\na\r\n', [1, [null, []], 'a']],
  ['%0\r\n', { map: [] }],
  [
    '%2\r\n+a\r\n:1\r\n$1\r\nb\r\n%1\r\n:2\r\n~0\r\n',
    {
      map: [
        [{ status: 'a' }, 1],
        ['b', { map: [[2, { set: [] }]] }],
      ],
    },
  ],
  ['~2\r\n+a\r\n%1\r\n:1\r\n:2\r\n', { set: [{ status: 'a' }, { map: [[1, 2]] }] }],
  ['|1\r\n+ttl\r\n%1\r\n:1\r\n*2\r\n:1\r\n$1\r\nx\r\n:7\r\n', 7],
  ['*2\r\n|1\r\n+a\r\n$-1\r\n:1\r\n:2\r\n', [1, 2]],
]

test('every kind of reply', () => {
  for (const [reply, json] of REPLIES) expect(jsonOf(resp(reply)), JSON.stringify(reply)).toEqual([json])
})

test('one after another, cut anywhere', () => {
  const bytes = resp(REPLIES.map(([reply]) => reply).join(''))
  const expected = REPLIES.map(([, json]) => json)
  for (let pieceBytes = 1; pieceBytes < 40; pieceBytes++)
    expect(jsonOf(bytes, pieceBytes), `${pieceBytes}`).toEqual(expected)
})

test('long strings, as text and as bytes, in any reply', () => {
  const text = 'é€😀"\\\n\u2028'.repeat(20_000)
  const binary = Buffer.from(text)
  binary[binary.length - 1] = 0xff
  const out = new ReplyWriter()
  out.resp = 3
  out.array(3)
  out.bulkReference(Buffer.from(text))
  out.map(1)
  out.bulkText('key')
  out.bulkReference(binary)
  out.verbatim('x'.repeat(200_000))
  const bytes = Buffer.concat(out.takeChunks())
  const expected = [text, { map: [['key', { base64: binary.toString('base64') }]] }, { text: 'x'.repeat(200_000) }]
  for (const pieceBytes of [bytes.length, 65_536, 1009]) expect(jsonOf(bytes, pieceBytes)).toEqual([expected])
})

test('a long reply is done in slices', () => {
  const json = new ReplyJson()
  const out = new ReplyWriter()
  out.array(100_000)
  for (let i = 0; i < 100_000; i++) out.integer(i)
  json.push(Buffer.concat(out.takeChunks()))
  let slices = 1
  while (!json.run(0)) slices++
  expect(slices).toBeGreaterThan(1000)
  expect(JSON.parse(Buffer.concat(json.take()).toString())).toHaveLength(100_000)
})
