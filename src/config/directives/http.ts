import { type DirectiveTable, IMPLEMENTED, MULTI_ARG } from '../directive.js'
import { addresses } from '../kinds/lists.js'
import { integer } from '../kinds/numbers.js'
import { bool } from '../kinds/words.js'

/** The page and the metrics of this server, by HTTP: directives of its own. */
export const http = {
  'http-port': integer(0, 0, 65535, IMPLEMENTED),
  'http-bind': addresses(['127.0.0.1', '-::1'], MULTI_ARG | IMPLEMENTED),
  'http-writes': bool(false, IMPLEMENTED),
} satisfies DirectiveTable
