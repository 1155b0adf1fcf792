/** What the server calls itself. Clients look at the Redis version whose behaviour this is. */
import { packageVersion } from '../config/package-version.js'
import { REDIS_VERSION } from '../config/version.js'

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
