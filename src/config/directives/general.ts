import { type DirectiveTable, HIDDEN, IMMUTABLE, IMPLEMENTED, MULTI_ARG } from '../directive.js'
import { oomScores } from '../kinds/lists.js'
import { adjusted, INT_MAX, integer, milliseconds, seconds } from '../kinds/numbers.js'
import { anyOf, bool, oneOf, optionalText, text } from '../kinds/words.js'
import { checkProcTitle } from '../proc-title.js'

const SHUTDOWN_OPTIONS = ['save', 'nosave', 'now', 'force'] as const

/** [] is `default`: save if there are save points. */
function shutdownOptions(flags: number) {
  return anyOf('default', SHUTDOWN_OPTIONS, flags, options =>
    options.includes('save') && options.includes('nosave')
      ? "shutdown options SAVE and NOSAVE can't be used simultaneously"
      : null,
  )
}

const MIN_HZ = 1
const MAX_HZ = 500

/** The process: how it starts, logs, shows itself, ticks and ends. */
export const general = {
  daemonize: bool(false, IMMUTABLE | IMPLEMENTED),
  supervised: oneOf(['upstart', 'systemd', 'auto', 'no'], 'no', IMMUTABLE | IMPLEMENTED),
  pidfile: optionalText(IMMUTABLE | IMPLEMENTED),
  loglevel: oneOf(['debug', 'verbose', 'notice', 'warning', 'nothing'], 'notice', IMPLEMENTED),
  logfile: text('', IMMUTABLE | IMPLEMENTED),
  'syslog-enabled': bool(false, IMMUTABLE | IMPLEMENTED),
  'syslog-ident': text('redis', IMMUTABLE | IMPLEMENTED),
  'syslog-facility': oneOf(
    ['user', 'local0', 'local1', 'local2', 'local3', 'local4', 'local5', 'local6', 'local7'],
    'local0',
    IMMUTABLE | IMPLEMENTED,
  ),
  'crash-log-enabled': bool(true, IMPLEMENTED),
  'crash-memcheck-enabled': bool(true),
  databases: integer(16, 1, INT_MAX, IMMUTABLE | IMPLEMENTED),
  'always-show-logo': bool(false, IMMUTABLE | IMPLEMENTED),
  'set-proc-title': bool(true, IMMUTABLE | IMPLEMENTED),
  'proc-title-template': text('{title} {listen-addr} {server-mode}', IMPLEMENTED, checkProcTitle),
  'locale-collate': text('', IMPLEMENTED, checkLocale),
  // Ticks a second; a value out of range is a wish that is met as well as it can be, not an error.
  hz: adjusted(integer(10, 0, INT_MAX, IMPLEMENTED), hz => Math.min(Math.max(hz, MIN_HZ), MAX_HZ)),
  'dynamic-hz': bool(true, IMPLEMENTED),
  'shutdown-timeout': seconds(10, 0, INT_MAX, IMPLEMENTED),
  'shutdown-on-sigint': shutdownOptions(MULTI_ARG | IMPLEMENTED),
  'shutdown-on-sigterm': shutdownOptions(MULTI_ARG | IMPLEMENTED),
  'oom-score-adj': oneOf(['no', 'yes', 'relative', 'absolute'], 'no', IMPLEMENTED, { relative: 'yes' }),
  'oom-score-adj-values': oomScores([0, 200, 800], MULTI_ARG | IMPLEMENTED),
  'disable-thp': bool(true, IMMUTABLE),
  'jemalloc-bg-thread': bool(true),
  server_cpulist: optionalText(IMMUTABLE),
  bio_cpulist: optionalText(IMMUTABLE),
  aof_rewrite_cpulist: optionalText(IMMUTABLE),
  bgsave_cpulist: optionalText(IMMUTABLE),
  'ignore-warnings': text(''),
  'use-exit-on-panic': bool(false, HIDDEN | IMPLEMENTED),
  'watchdog-period': milliseconds(0, 0, INT_MAX, HIDDEN),
} satisfies DirectiveTable

/** A locale's name as setlocale() takes it (`de_DE.UTF-8`, `C`), or the empty one for the environment's. */
function checkLocale(name: string): string | null {
  if (name === '' || name === 'C' || name === 'POSIX' || name.startsWith('C.')) return null
  try {
    const tag = name.replace(/[.@].*$/, '').replaceAll('_', '-')
    return Intl.Collator.supportedLocalesOf([tag]).length > 0 ? null : 'Invalid locale name'
  } catch {
    return 'Invalid locale name'
  }
}
