/** A client as CLIENT LIST tells of it, its numbers as numbers. */
export interface Client {
  id: number
  addr: string
  name: string
  /** Seconds. */
  age: number
  idle: number
  flags: string
  db: number
  cmd: string
  user: string
  /** Bytes. */
  qbuf: number
  omem: number
  'tot-mem': number
  resp: number
  'lib-name': string
  'lib-ver': string
  /** Everything there is, as it was written. */
  line: string
}

/** CLIENT LIST's reply: a client a line, `name=value` with spaces between. */
export function parseClientList(text: string): Client[] {
  return text.split('\n').filter(Boolean).map(parseClient)
}

function parseClient(line: string): Client {
  const fields = new Map<string, string>()
  for (const field of line.split(' ')) {
    const equals = field.indexOf('=')
    fields.set(field.slice(0, equals), field.slice(equals + 1))
  }
  const text = (name: string) => fields.get(name) ?? ''
  const number = (name: string) => Number(text(name))
  return {
    id: number('id'),
    addr: text('addr'),
    name: text('name'),
    age: number('age'),
    idle: number('idle'),
    flags: text('flags'),
    db: number('db'),
    cmd: text('cmd'),
    user: text('user'),
    qbuf: number('qbuf'),
    omem: number('omem'),
    'tot-mem': number('tot-mem'),
    resp: number('resp'),
    'lib-name': text('lib-name'),
    'lib-ver': text('lib-ver'),
    line,
  }
}
