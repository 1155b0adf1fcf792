/** /api/commands: runs commands for the page, each as its user, and answers with their replies in JSON. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { nextTurn } from '../../clock/platform.js'
import type { ServerApi } from '../../commands/server-api.js'
import type { SocketAddress } from '../../network/stream-handle.js'
import { refuse } from '../answers.js'
import type { Visitor } from '../login.js'
import { Slices } from '../slices.js'
import { argumentBytes, BodyError, type CommandsBody, parseBody, readBody } from './body.js'
import { Caller, type Door } from './caller.js'
import { commandOf, refusalOf } from './refusals.js'

const REQUESTS_AT_MOST = 16
/** How much is written in one turn. */
const WRITTEN_BYTES = 256 * 1024
const NOT_RUN = 'ERR not run, since the replies before it were too long, or the connection was closed'

export class CommandsApi {
  private readonly server: ServerApi & Door
  private readonly slices = new Slices()
  private running = 0

  constructor(server: ServerApi & Door) {
    this.server = server
  }

  async answer(request: IncomingMessage, response: ServerResponse, visitor: Visitor): Promise<void> {
    if (this.running >= REQUESTS_AT_MOST) {
      refuse(response, 503, 'Too many requests are being answered.')
      return
    }
    this.running++
    try {
      const body = parseBody(await readBody(request))
      await nextTurn()
      await this.run(body, request, response, visitor)
    } catch (error) {
      if (response.destroyed) return
      if (!(error instanceof BodyError)) throw error
      refuse(response, error.status, error.message)
    } finally {
      this.running--
    }
  }

  private async run(
    { commands, db }: CommandsBody,
    request: IncomingMessage,
    response: ServerResponse,
    visitor: Visitor,
  ): Promise<void> {
    const { server, slices } = this
    const database = server.keyspace.databases[db]
    if (database === undefined) throw new BodyError(400, `There is no database ${db}.`)
    const caller = new Caller(server, { visitor, database, slices, address: addressOf(request) })
    if (caller.isTurnedAway) {
      refuse(response, 503, 'ERR max number of clients reached')
      return
    }
    response.on('close', () => caller.close())
    response.writeHead(200, { 'content-type': 'application/json' })
    response.write('{"replies":[')
    let isOver = false
    for (const [i, command] of commands.entries()) {
      const args = command.map(argumentBytes)
      const writes = server.config.values['http-writes']
      const refusal = isOver ? NOT_RUN : refusalOf(commandOf(server.commands, args), args, writes)
      if (i > 0) response.write(',')
      if (refusal !== null) {
        response.write(JSON.stringify({ error: refusal }))
        continue
      }
      const { isLast, json } = await caller.call(args)
      isOver ||= isLast
      await writeAll(response, json)
      if (response.destroyed) return
    }
    caller.close()
    response.end(']}\n')
  }
}

function addressOf({ socket }: IncomingMessage): SocketAddress {
  const { remoteAddress: address, remotePort: port } = socket
  return address === undefined || port === undefined ? {} : { address, port }
}

/** Writes all of it, as fast as it is read, and a little in each turn: the kernel may take megabytes at once. */
async function writeAll(response: ServerResponse, pieces: readonly Buffer[]): Promise<void> {
  let bytes = 0
  for (const piece of pieces) {
    if (!response.write(piece)) await drained(response)
    bytes += piece.length
    if (bytes < WRITTEN_BYTES) continue
    bytes = 0
    await nextTurn()
  }
}

/** Resolves when there is room again, or nobody reads any more. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise(resolve => {
    if (response.destroyed || !response.writableNeedDrain) resolve()
    response.once('drain', resolve)
    response.once('close', resolve)
  })
}
