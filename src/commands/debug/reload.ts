/** DEBUG RELOAD: the data through a file and back, while everything else waits. */
import fs from 'node:fs'
import { isError } from '../../config/realms.js'
import { KeyspaceTarget } from '../../persistence/rdb/load.js'
import { RdbReader } from '../../persistence/rdb/reader.js'
import type { CommandContext } from '../context.js'

const CHUNK_BYTES = 1024 * 1024

/** DEBUG RELOAD [MERGE] [NOFLUSH] [NOSAVE]. */
export function debugReload({ args, keyspace, reply, server }: CommandContext): void {
  const options = new Set<string>()
  for (let i = 2; i < args.argc; i++) options.add(args.lower(i))
  for (const option of options) {
    if (option === 'merge' || option === 'noflush' || option === 'nosave') continue
    reply.error('ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.')
    return
  }
  // A snapshot under way would see neither the old data nor the new.
  server.saver.abort()
  if (!options.has('nosave')) {
    const error = server.saver.saveNow()
    if (error !== null) {
      reply.error(error)
      return
    }
  }
  const { functions } = server.scripts
  if (!options.has('noflush')) {
    keyspace.flushAll(false)
    functions.clear()
  }
  const { values } = server.config
  const target = new KeyspaceTarget(keyspace, {
    dropExpired: !server.replication.isReplica,
    allowDuplicates: options.has('merge'),
    limits: server.valueLimits,
    library: code => functions.load(code, options.has('merge')),
    warn: message => server.log.warning(message),
  })
  keyspace.loading = true
  try {
    load(server.saver.file, target, values.rdbchecksum)
  } catch (error) {
    server.log.warning(`Error loading the DB: ${isError(error) ? error.message : String(error)}`)
    reply.error('ERR Error trying to load the RDB dump, check server logs.')
    return
  } finally {
    keyspace.loading = false
  }
  server.log.notice('DB reloaded by DEBUG RELOAD')
  reply.ok()
}

/** Throws what is wrong with the file. */
function load(file: string, target: KeyspaceTarget, checksum: boolean): void {
  const fd = fs.openSync(file, 'r')
  try {
    const reader = new RdbReader(target, { checksum })
    while (!reader.done) {
      const chunk = Buffer.allocUnsafe(CHUNK_BYTES)
      const length = fs.readSync(fd, chunk)
      if (length === 0) reader.end()
      else reader.push(chunk.subarray(0, length))
    }
  } finally {
    fs.closeSync(fd)
  }
}
