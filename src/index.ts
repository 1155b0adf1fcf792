/** redis-ts as a library: a Redis server inside a Node process. */
export { Config } from './config/config.js'
export { Log } from './observe/log.js'
export { Server } from './server/server.js'
