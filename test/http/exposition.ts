/** Reads Prometheus's text format, strictly: every line has to be one that the format knows. */

export interface Family {
  readonly type: string
  readonly help: string
  /** By their labels as written, with the suffix of summaries and histograms in front: '_sum{cmd="get"}', '' for no label. */
  readonly samples: Map<string, number>
}

const HELP = /^# HELP ([a-z_:][a-z0-9_:]*) (.+)$/i
const TYPE = /^# TYPE ([a-z_:][a-z0-9_:]*) (gauge|counter|summary|histogram)$/i
const SAMPLE =
  /^([a-z_:][a-z0-9_:]*)(\{(?:[a-z_]\w*="(?:[^"\\\n]|\\["\\n])*",?)+\})? (-?[0-9.]+(?:e[+-]?\d+)?|[+-]Inf|NaN)$/i

/** Families by name. Throws for a line that is none, a sample without its family right above, and anything that is there twice. */
export function parseExposition(text: string): Map<string, Family> {
  if (!text.endsWith('\n')) throw new Error('the last line has no end')
  const families = new Map<string, Family>()
  let current = ''
  let help = ''
  for (const line of text.slice(0, -1).split('\n')) {
    const helped = HELP.exec(line)
    if (helped !== null) {
      current = helped[1]
      help = helped[2]
      if (families.has(current)) throw new Error(`${current} is there twice`)
      continue
    }
    const typed = TYPE.exec(line)
    if (typed !== null) {
      if (typed[1] !== current) throw new Error(`no help for ${typed[1]}`)
      families.set(current, { type: typed[2], help, samples: new Map() })
      continue
    }
    const sample = SAMPLE.exec(line)
    const family = families.get(current)
    if (sample === null || family === undefined || !sample[1].startsWith(current)) throw new Error(`no sample: ${line}`)
    const key = `${sample[1].slice(current.length)}${sample[2] ?? ''}`
    if (family.samples.has(key)) throw new Error(`there twice: ${line}`)
    family.samples.set(key, Number(sample[3].replace('Inf', 'Infinity')))
  }
  return families
}
