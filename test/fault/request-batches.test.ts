/**
 * Requests that come together are parsed together and run one after the other. Nobody may notice: the same requests, each sent when
 * the one before it has been answered, have the same replies and do the same to the data and to the stream.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Streams, streams } from './request-streams.js'
import { type Outcome, StreamRunner } from './stream-runner.js'

const RUNS = Number(process.env.BATCHES_RUNS ?? 40)
const SEED = Number(process.env.BATCHES_SEED ?? 20_260_000)

/** Long runs of one character take most of the room, and hide what differs. */
const shortened = (text: string): string => text.replace(/([\s\S])\1{50,}/g, run => `${run[0]} x ${run.length}`)

/** What was received, as far as both could receive it. */
function comparable(mine: Outcome, other: Outcome): Omit<Outcome, 'cutOff'> {
  const { cutOff, ...rest } = mine
  const replies = mine.replies.map((text, i) => {
    const theirs = other.replies[i] ?? ''
    return (cutOff[i] || other.cutOff[i]) && text.startsWith(theirs) ? theirs : text
  })
  return { ...rest, replies: replies.map(shortened), data: rest.data.map(shortened), stream: shortened(rest.stream) }
}

test(`requests in pieces of any size do what they do one by one (seed ${SEED})`, async () => {
  const [pieces, single] = await Promise.all([StreamRunner.start(), StreamRunner.start()])
  const same = async (each: Streams): Promise<void> => {
    const [together, oneByOne] = await Promise.all([pieces.run(each, true), single.run(each, false)])
    expect(comparable(together, oneByOne)).toEqual(comparable(oneByOne, together))
  }
  await fc.assert(fc.asyncProperty(streams, same), {
    numRuns: RUNS,
    seed: SEED,
    endOnFailure: process.env.END === '1',
    interruptAfterTimeLimit: 60000,
  })
}, 900_000)
