import { expect, test } from 'vitest'
import { EventStreamReader } from '../../src/page/server/event-stream.js'

test('events come whole, wherever the stream is cut', () => {
  const text = ': hello\n\nevent: state\ndata: {"a":1}\n\ndata: x\ndata: y\r\n\r\nevent: nothing\n\n'
  for (let cut = 0; cut <= text.length; cut++) {
    const reader = new EventStreamReader()
    const events = [...reader.push(text.slice(0, cut)), ...reader.push(text.slice(cut))]
    expect(events).toEqual([
      { event: 'state', data: '{"a":1}' },
      { event: 'message', data: 'x\ny' },
    ])
  }
})
