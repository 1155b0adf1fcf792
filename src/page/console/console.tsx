import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { useLoaded, useStore, words } from '../parts/hooks.js'
import { millis } from '../parts/numbers.js'
import { type Bytes, textOf } from '../server/bytes.js'
import { useServer } from '../server/page-server.js'
import { isError } from '../server/reply.js'
import { type CommandDoc, completionsOf, docOf, helpText, hintFor, parseCommandDocs } from './command-docs.js'
import { splitLine } from './command-line.js'
import { Completions } from './completions.js'
import { replyText } from './reply-text.js'

const OUTPUTS = 200
const COMPLETIONS = 'completions'

/** A line that was typed and what came of it. */
interface Output {
  id: number
  prompt: string
  line: string
  text: string
  bad: boolean
  millis: number | null
}

/** Any command, with what redis-cli has to help with it. */
export function Console({ hidden }: { hidden: boolean }) {
  const { api, live } = useServer()
  const state = useStore(live.state)
  const docs = useLoaded(async () => parseCommandDocs(await api.reply(0, 'COMMAND', 'DOCS')), [api])
  const known = docs.value ?? []
  const byName = useMemo(() => new Map(known.map(doc => [doc.name, doc])), [known])
  const [db, setDb] = useState(0)
  const [outputs, setOutputs] = useState<Output[]>([])
  const [line, setLine] = useState('')
  const [busy, setBusy] = useState(false)
  const [lit, setLit] = useState(-1)
  const [closed, setClosed] = useState(false)
  const history = useRef<{ lines: string[]; at: number; draft: string }>({ lines: [], at: 0, draft: '' })
  const input = useRef<HTMLInputElement>(null)
  const end = useRef<HTMLDivElement>(null)

  useEffect(() => {
    if (!hidden) input.current!.focus()
  }, [hidden])
  useEffect(() => end.current!.scrollIntoView({ block: 'nearest' }), [outputs])

  const prompt = `${location.hostname}:${state?.server.port ?? ''}${db === 0 ? '' : `[${db}]`}> `
  const asksHelp = /^\s*help\s+/i.exec(line)?.[0] ?? ''
  const completions = closed ? [] : completionsOf(known, line.slice(asksHelp.length))
  const chosen = Math.max(0, lit)

  const edit = (text: string) => {
    setLine(text)
    setLit(-1)
    setClosed(false)
  }
  const complete = (doc: CommandDoc) => {
    edit(`${asksHelp}${doc.name.toLowerCase()} `)
    input.current!.focus()
  }
  const show = (text: string, bad: boolean, took: number | null = null) =>
    setOutputs(outputs => [
      ...outputs.slice(1 - OUTPUTS),
      { id: (outputs.at(-1)?.id ?? 0) + 1, prompt, line, text, bad, millis: took },
    ])

  const run = async () => {
    const said = splitLine(line)
    remember(history.current, line)
    edit('')
    if (said === null) return show('Invalid argument(s)', true)
    const [command, ...rest] = said.map(word => textOf(word) ?? '')
    if (command === undefined) return show('', false)
    if (/^clear$/i.test(command)) return setOutputs([])
    if (/^(help|\?)$/i.test(command)) return show(docs.error ?? helpText(known, rest), docs.error !== null)
    setBusy(true)
    const begun = performance.now()
    try {
      const reply = (await api.replies(db, [said]))[0]!
      const number = Number(rest[0])
      if (/^select$/i.test(command) && !isError(reply)) setDb(number)
      show(replyText(reply), isError(reply), performance.now() - begun)
    } catch (error) {
      show(words(error), true)
    }
    setBusy(false)
    input.current!.focus()
  }

  const onKeyDown = (event: KeyboardEvent) => {
    const keys: Record<string, () => void> = {
      Tab: () => completions.length > 0 && complete(completions[chosen]!),
      ArrowUp: () => (lit >= 0 ? setLit(lit - 1) : edit(earlier(history.current, line))),
      ArrowDown: () =>
        lit >= 0 ? setLit(Math.min(lit + 1, completions.length - 1)) : edit(later(history.current, line)),
      Escape: () => setClosed(true),
    }
    const wanted = event.key === 'l' && event.ctrlKey ? () => setOutputs([]) : keys[event.key]
    // Tab goes on to the next element where there is nothing to complete; never a trap.
    if (!wanted || event.shiftKey || (event.key === 'Tab' && completions.length === 0)) return
    event.preventDefault()
    wanted()
  }

  return (
    <section class="console" aria-label="Console" hidden={hidden}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: scrolls, so the keyboard has to reach it */}
      <div class="outputs" role="log" tabIndex={0}>
        {outputs.length === 0 && (
          <p class="none">
            {docs.error ?? (docs.value === null ? 'Reading what commands there are …' : 'Type a command, or "help".')}
          </p>
        )}
        {outputs.map(output => (
          <div key={output.id} class="output">
            <div class="said">
              <span class="prompt">{output.prompt}</span>
              {output.line}
              {output.millis !== null && <span class="took">{millis(output.millis)}</span>}
            </div>
            <pre class={output.bad ? 'bad' : ''}>{output.text}</pre>
          </div>
        ))}
        <div ref={end} />
      </div>
      <form
        class="line"
        onSubmit={event => {
          event.preventDefault()
          if (!busy) run()
        }}
      >
        <Completions id={COMPLETIONS} docs={completions} lit={chosen} onChoose={complete} />
        <label for="console-line" class="prompt">
          {prompt}
        </label>
        <div class="typed">
          <input
            id="console-line"
            ref={input}
            role="combobox"
            aria-expanded={completions.length > 0}
            aria-controls={COMPLETIONS}
            aria-activedescendant={completions.length > 0 ? `${COMPLETIONS}-${chosen}` : undefined}
            aria-autocomplete="list"
            aria-label="Command"
            autocomplete="off"
            autocapitalize="off"
            spellcheck={false}
            value={line}
            onInput={event => edit(event.currentTarget.value)}
            onKeyDown={onKeyDown}
          />
          <div class="hint" aria-hidden="true">
            <span class="under">{line}</span>
            {hint(byName, line)}
          </div>
        </div>
      </form>
    </section>
  )
}

/** What may follow the line, once a command's name stands there. */
function hint(docs: ReadonlyMap<string, CommandDoc>, line: string): string {
  const said = splitLine(line)
  if (said === null || said.length === 0) return ''
  const found = docOf(docs, said)
  if (found === null) return ''
  const [doc, words] = found
  const whole = /\s$/.test(line)
  // The last word is still being typed.
  const args: Bytes[] = said.slice(words)
  if (!whole && args.length > 0) return ''
  return `${whole ? '' : ' '}${hintFor(doc, args)}`
}

interface History {
  lines: string[]
  at: number
  /** What was being typed before going back. */
  draft: string
}

function remember(history: History, line: string): void {
  if (line.trim() !== '' && history.lines.at(-1) !== line) history.lines.push(line)
  history.at = history.lines.length
  history.draft = ''
}

function earlier(history: History, line: string): string {
  if (history.at === history.lines.length) history.draft = line
  history.at = Math.max(0, history.at - 1)
  return history.lines[history.at] ?? line
}

function later(history: History, line: string): string {
  if (history.at >= history.lines.length) return line
  history.at++
  return history.lines[history.at] ?? history.draft
}
