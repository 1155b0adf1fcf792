/** What the server calls itself. Clients look at the Redis version whose behaviour this is. */
import fs from 'node:fs'
import { REDIS_VERSION } from '../config/version.js'

/** This package's version, from its package.json: two folders up from a module, one up from the bundle. */
function packageVersion(): string {
  for (const place of ['../../package.json', '../package.json']) {
    const file = new URL(place, import.meta.url)
    if (!fs.existsSync(file)) continue
    const parsed: unknown = JSON.parse(fs.readFileSync(file, 'utf8'))
    if (typeof parsed !== 'object' || parsed === null || !('name' in parsed) || parsed.name !== 'redis-ts') continue
    return 'version' in parsed ? String(parsed.version) : '0.0.0'
  }
  return '0.0.0'
}

export const VERSION_LINE = `Redis server v=${REDIS_VERSION} redis-ts=${packageVersion()} node=${process.version} bits=64`

export const HELP = `Usage: redis-ts [/path/to/redis.conf] [options] [-]
       redis-ts - (read the configuration from standard input)
       redis-ts -v or --version
       redis-ts -h or --help

Options are the directives of redis.conf with two dashes in front, and beat the file:
       redis-ts                               port 6379, Redis's defaults
       redis-ts --port 7000 --config 7000.conf
       redis-ts /etc/redis/7000.conf --save 60 1000 --loglevel verbose
       redis-ts --port 7001 --replicaof 127.0.0.1 7000
`
