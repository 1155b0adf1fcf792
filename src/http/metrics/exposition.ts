/** Prometheus's text format, version 0.0.4: families of samples. */

export const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

export type MetricType = 'gauge' | 'counter' | 'summary' | 'histogram'
export type Labels = readonly (readonly [name: string, value: string | number])[]

const PREFIX = 'redis_'

export class Exposition {
  private text = ''
  private name = ''

  /** Begins a family: all its samples follow. */
  family(name: string, type: MetricType, help: string): void {
    this.name = `${PREFIX}${name}`
    this.text += `# HELP ${this.name} ${help}\n# TYPE ${this.name} ${type}\n`
  }

  /** `suffix`: _sum, _count or _bucket of a summary or histogram. */
  sample(labels: Labels, value: number | string, suffix = ''): void {
    const shown = labels.map(([name, text]) => `${name}="${labelText(String(text))}"`).join(',')
    this.text += `${this.name}${suffix}${shown === '' ? '' : `{${shown}}`} ${value}\n`
  }

  /** A family of one sample. */
  single(name: string, type: MetricType, help: string, value: number | string): void {
    this.family(name, type, help)
    this.sample([], value)
  }

  /** All that was written since the last call. */
  take(): string {
    const { text } = this
    this.text = ''
    return text
  }
}

/** Texts are of one character a byte: what is not ASCII is shown as \xff, since it need not be UTF-8. */
function labelText(text: string): string {
  return text
    .replace(/[\\"\n]/g, special => (special === '\n' ? '\\n' : `\\${special}`))
    .replace(/[^\x20-\x7e]/g, char => `\\\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`)
}
