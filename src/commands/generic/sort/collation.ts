/** locale-collate: the language in whose order SORT ALPHA puts texts. */

/** The collator of the last setting that was asked for. */
let known: { readonly setting: string; readonly collator: Intl.Collator | null } | null = null

/** What compares texts under a setting of locale-collate ("": the environment's); null in the C locale, which compares bytes. */
export function collatorOf(setting: string): Intl.Collator | null {
  if (known?.setting !== setting) known = { setting, collator: makeCollator(setting) }
  return known.collator
}

function makeCollator(setting: string): Intl.Collator | null {
  const { LANG, LC_ALL, LC_COLLATE } = process.env
  const locale = setting === '' ? LC_ALL || LC_COLLATE || LANG || 'C' : setting
  const [name] = locale.split(/[.@]/)
  if (name === 'C' || name === 'POSIX') return null
  try {
    return new Intl.Collator(name.replace('_', '-'))
  } catch {
    // The environment may name anything; setlocale() leaves the C locale in force then.
    return null
  }
}
