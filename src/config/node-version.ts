/** Imported first of all by the library: an older Node would fail somewhere later, and not say on what. */

/** package.json: engines. */
const OLDEST_NODE = 20

if (Number.parseInt(process.version.slice(1), 10) < OLDEST_NODE) {
  throw new Error(`redis-ts needs Node.js ${OLDEST_NODE} or later, this is ${process.version}`)
}
