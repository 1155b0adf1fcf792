import {
  DENY_LOADING,
  type DirectiveTable,
  HIDDEN,
  IMMUTABLE,
  IMPLEMENTED,
  MULTI_ARG,
  PROTECTED,
} from '../directive.js'
import { directory } from '../kinds/directory.js'
import { savePoints } from '../kinds/lists.js'
import { INT_MAX, INT_MIN, INT64_MAX, integer, MB, memory } from '../kinds/numbers.js'
import { bool, oneOf, text } from '../kinds/words.js'

const DEFAULT_SAVE_POINTS = [
  { seconds: 3600, changes: 1 },
  { seconds: 300, changes: 100 },
  { seconds: 60, changes: 10000 },
]

/** Snapshots (RDB) and the append-only file (AOF). */
export const persistence = {
  save: savePoints(DEFAULT_SAVE_POINTS, MULTI_ARG | IMPLEMENTED),
  dbfilename: text('dump.rdb', PROTECTED | IMPLEMENTED, name => checkBaseName('dbfilename', 'filename', name)),
  dir: directory(PROTECTED | DENY_LOADING | IMPLEMENTED),
  rdbcompression: bool(true, IMPLEMENTED),
  rdbchecksum: bool(true, IMMUTABLE | IMPLEMENTED),
  'stop-writes-on-bgsave-error': bool(true, IMPLEMENTED),
  'rdb-del-sync-files': bool(false, IMPLEMENTED),
  'rdb-save-incremental-fsync': bool(true, IMPLEMENTED),
  'sanitize-dump-payload': oneOf(['no', 'yes', 'clients'], 'no', IMPLEMENTED),
  appendonly: bool(false, DENY_LOADING | IMPLEMENTED),
  appendfilename: text('appendonly.aof', IMMUTABLE | IMPLEMENTED, name =>
    checkFileName('appendfilename', 'filename', name),
  ),
  appenddirname: text('appendonlydir', IMMUTABLE | IMPLEMENTED, name =>
    checkFileName('appenddirname', 'dirname', name),
  ),
  appendfsync: oneOf(['everysec', 'always', 'no'], 'everysec', IMPLEMENTED),
  'no-appendfsync-on-rewrite': bool(false, IMPLEMENTED),
  'auto-aof-rewrite-percentage': integer(100, 0, INT_MAX, IMPLEMENTED),
  'auto-aof-rewrite-min-size': memory(64 * MB, 0, INT64_MAX, IMPLEMENTED),
  'aof-load-truncated': bool(true, IMPLEMENTED),
  'aof-use-rdb-preamble': bool(true, IMPLEMENTED),
  'aof-timestamp-enabled': bool(false, IMPLEMENTED),
  'aof-rewrite-incremental-fsync': bool(true, IMPLEMENTED),
  'aof-disable-auto-gc': bool(false, HIDDEN | IMPLEMENTED),
  'rdb-key-save-delay': integer(0, INT_MIN, INT_MAX, HIDDEN | IMPLEMENTED, null, 'microseconds'),
  'key-load-delay': integer(0, INT_MIN, INT_MAX, HIDDEN | IMPLEMENTED, null, 'microseconds'),
  'loading-process-events-interval-bytes': integer(2 * MB, 1024, INT_MAX, HIDDEN | IMPLEMENTED, null, 'bytes'),
} satisfies DirectiveTable

function checkBaseName(directive: string, noun: string, name: string): string | null {
  return /[/\\]/.test(name) ? `${directive} can't be a path, just a ${noun}` : null
}

function checkFileName(directive: string, noun: string, name: string): string | null {
  return name === '' ? `${directive} can't be empty` : checkBaseName(directive, noun, name)
}
