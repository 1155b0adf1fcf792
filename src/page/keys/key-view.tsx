import type { ComponentType } from 'preact'
import { useState } from 'preact/hooks'
import { ConfirmButton } from '../parts/confirm-button.js'
import { Disclosed } from '../parts/disclosed.js'
import { EditForm } from '../parts/edit-form.js'
import { useLoaded, words } from '../parts/hooks.js'
import { bytes, seconds } from '../parts/numbers.js'
import { ErrorText, Shown } from '../parts/text.js'
import type { Bytes } from '../server/bytes.js'
import { useServer } from '../server/page-server.js'
import { CommandError, isError, numberIn, type Reply, textIn } from '../server/reply.js'
import type { ChosenKey } from './keys.js'
import { HashView } from './values/hash-view.js'
import { ListView } from './values/list-view.js'
import { SetView } from './values/set-view.js'
import { SortedSetView } from './values/sorted-set-view.js'
import { StreamView } from './values/stream-view.js'
import { StringView } from './values/string-view.js'
import type { ValueProps } from './values/value-props.js'

const VIEWS: Readonly<Record<string, ComponentType<ValueProps>>> = {
  string: StringView,
  list: ListView,
  set: SetView,
  zset: SortedSetView,
  hash: HashView,
  stream: StreamView,
}

interface Props {
  chosen: ChosenKey
  writes: boolean
  onBack(): void
  /** Something about the key or its value is not as it was. */
  onChanged(): void
  /** The key has this name now, or none. */
  onMoved(key: Bytes | null): void
}

/** A key: its name, what is known of it, its value, and what may be done with it. */
export function KeyView({ chosen, writes, onBack, onChanged, onMoved }: Props) {
  const { api } = useServer()
  const { db, key } = chosen
  const [turn, setTurn] = useState(0)
  const again = () => setTurn(turn => turn + 1)
  const onChange = () => {
    again()
    onChanged()
  }
  const facts = useLoaded(async () => {
    const [type, ttl, memory, encoding] = await api.replies(db, [
      ['TYPE', key],
      ['PTTL', key],
      ['MEMORY', 'USAGE', key],
      ['OBJECT', 'ENCODING', key],
    ])
    const name = textIn(type!)
    return { type: name, ttl: numberIn(ttl!), memory: factOf(memory!, bytesOf), encoding: factOf(encoding!, textIn) }
  }, [api, db, key, turn])
  const View = facts.value && VIEWS[facts.value.type]
  return (
    <article aria-label="Value">
      <header class="key">
        <button type="button" class="quiet back" onClick={onBack}>
          ‹ Keys
        </button>
        <h2>
          <Shown bytes={key} />
        </h2>
        <button type="button" class="quiet" onClick={again}>
          Read again
        </button>
      </header>
      <ErrorText>{facts.error}</ErrorText>
      {facts.value && (
        <dl class="facts">
          <Fact name="type" value={facts.value.type} />
          <Fact name="encoding" value={facts.value.encoding} />
          <Fact name="memory" value={facts.value.memory} />
          <Fact name="expires" value={facts.value.ttl < 0 ? 'never' : `in ${seconds(facts.value.ttl / 1000)}`} />
          <Fact name="database" value={String(db)} />
        </dl>
      )}
      {facts.value?.type === 'none' && <p class="none">This key does not exist (any more).</p>}
      {writes && facts.value && facts.value.type !== 'none' && (
        <KeyEdits chosen={chosen} onChange={onChange} onMoved={onMoved} />
      )}
      {View && <View chosen={chosen} writes={writes} turn={turn} onChange={onChange} />}
      {facts.value && !View && facts.value.type !== 'none' && <p class="none">Nothing is known of this type.</p>}
    </article>
  )
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  )
}

/** A user may not be allowed to ask, and the key may have gone. */
function factOf(reply: Reply, say: (reply: Reply) => string): string {
  return isError(reply) || reply === null ? '–' : say(reply)
}

function bytesOf(reply: Reply): string {
  return bytes(numberIn(reply))
}

function KeyEdits({
  chosen: { db, key },
  onChange,
  onMoved,
}: { chosen: ChosenKey } & Pick<Props, 'onMoved'> & Pick<ValueProps, 'onChange'>) {
  const { api } = useServer()
  const [error, setError] = useState<string | null>(null)
  const remove = () =>
    api.reply(db, 'UNLINK', key).then(
      () => onMoved(null),
      error => setError(words(error)),
    )
  return (
    <div class="edits">
      <Disclosed label="Rename">
        <EditForm
          label="Rename"
          fields={[{ name: 'new name', initial: key }]}
          run={async ([name]) => {
            const renamed = numberIn(await api.reply(db, 'RENAMENX', key, name!))
            if (renamed === 0) throw new CommandError('There is a key of that name.')
            onMoved(name!)
          }}
        />
      </Disclosed>
      <Disclosed label="Expire">
        <EditForm
          label="Expire"
          fields={[{ name: 'seconds', width: 200, placeholder: 'seconds; empty for never', plain: true }]}
          clears
          run={async ([seconds]) => {
            await (seconds === '' ? api.reply(db, 'PERSIST', key) : api.reply(db, 'EXPIRE', key, seconds!))
            onChange()
          }}
        />
      </Disclosed>
      <ConfirmButton label="Delete" question="Delete this key?" run={remove} />
      <ErrorText>{error}</ErrorText>
    </div>
  )
}
