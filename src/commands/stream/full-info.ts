/** XINFO STREAM FULL: all there is to a stream, as of one moment. It may be long: it is made piece by piece. */
import { performance } from '../../clock/platform.js'
import { PIECE_BYTES, type ReplySource } from '../../resp/reply-source.js'
import type { ReplyWriter } from '../../resp/reply-writer.js'
import type { Entries } from '../../store/entries.js'
import { TreeView } from '../../store/ordered-tree/view.js'
import type { ConsumerGroup } from '../../types/stream/consumer-group.js'
import { consumerOf, deliveryCount, deliveryTime, type PendingTree, readPendingId } from '../../types/stream/pending.js'
import type { Stream } from '../../types/stream/stream.js'
import { StreamId } from '../../types/stream/stream-id.js'
import { writeId } from './access.js'
import { FIRST_ID, LAST_ID } from './entry-replies.js'
import { consumerFacts, groupFacts, streamFacts, type Written } from './facts.js'
import { RangePart } from './long-replies.js'

const ITEMS_BETWEEN_CLOCK_READS = 64
const NO_NAME = Buffer.alloc(0)

/** A list of what is pending, with what is written before it. */
interface PendingList {
  readonly head: Written
  readonly view: TreeView<StreamId>
  readonly count: number
  /** Of a group: the names of its consumers, by their numbers; their lists come next. */
  readonly names: readonly (Buffer | undefined)[] | null
  readonly consumers: number
}

export class FullInfoReply implements ReplySource {
  /** How many entries it will show, pending ones too. */
  readonly items: number
  private readonly entries: Entries
  private readonly lists: PendingList[] = []
  private readonly range: RangePart
  private readonly steps: Generator<void>
  private deadlineMs = 0
  private out!: ReplyWriter

  /** `most` of the entries, and of each list of what is pending. O(groups and consumers). */
  constructor(stream: Stream, most: number) {
    this.entries = stream.entries
    const facts = streamFacts(stream)
    const shown = Math.min(most, stream.length)
    this.range = new RangePart(
      stream,
      { start: FIRST_ID, end: LAST_ID, backward: false, most: shown },
      {
        head: out => {
          out.map(9)
          facts(out)
          out.bulkText('entries')
        },
        count: shown,
      },
    )
    for (const group of stream.groupsInOrder()) this.addGroup(stream, group, most)
    this.items = this.lists.reduce((sum, { count }) => sum + count, shown)
    this.steps = this.give(stream.groups.size)
  }

  private addGroup(stream: Stream, group: ConsumerGroup, most: number): void {
    const consumers = group.consumers()
    const names: (Buffer | undefined)[] = []
    for (const { name, number } of consumers) names[number] = name
    this.lists.push({
      ...listOf(group.pending, most),
      head: groupFacts(stream, group),
      names,
      consumers: consumers.length,
    })
    for (const consumer of consumers) {
      this.lists.push({ ...listOf(consumer.pending, most), head: consumerFacts(consumer), names: null, consumers: 0 })
    }
  }

  next(out: ReplyWriter, deadlineMs: number): boolean {
    this.out = out
    this.deadlineMs = deadlineMs
    return this.steps.next().done === true
  }

  private get isDue(): boolean {
    return this.out.totalBytes >= PIECE_BYTES || performance.now() >= this.deadlineMs
  }

  private *give(groups: number): Generator<void> {
    while (!this.range.next(this.out, this.deadlineMs)) yield
    this.out.bulkText('groups')
    this.out.array(groups)
    for (const list of this.lists) {
      const { consumers, count, head, names, view } = list
      head(this.out)
      this.out.array(count)
      if (count > 0) view.seek(0)
      for (let given = 1; given <= count; given++) {
        writePending(this.out, this.entries, list)
        if (given < count) view.step()
        if (given % ITEMS_BETWEEN_CLOCK_READS === 0 && this.isDue) yield
      }
      if (names !== null) {
        this.out.bulkText('consumers')
        this.out.array(consumers)
      }
      if (this.isDue) yield
    }
  }

  close(): void {
    this.range.close()
    // Consumers' views see entries that the group's keeps.
    for (const { names, view } of this.lists) if (names === null) view.close()
    for (const { names, view } of this.lists) if (names !== null) view.close()
  }
}

function listOf(tree: PendingTree, most: number): Pick<PendingList, 'view' | 'count'> {
  return { view: new TreeView(tree, 'any'), count: Math.min(most, tree.count) }
}

const id = new StreamId()

function writePending(out: ReplyWriter, entries: Entries, { names, view }: PendingList): void {
  const { address } = view.cursor
  out.array(names === null ? 3 : 4)
  writeId(out, readPendingId(entries, address, id))
  if (names !== null) {
    const name = names[consumerOf(entries, address)] ?? NO_NAME
    out.bulk(name, 0, name.length)
  }
  out.integer(deliveryTime(entries, address))
  out.integer(deliveryCount(entries, address))
}
