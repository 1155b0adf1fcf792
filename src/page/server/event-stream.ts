/** An event of a `text/event-stream`. */
export interface StreamEvent {
  event: string
  data: string
}

/** Takes a stream's text as it comes and gives the events that are whole (WHATWG HTML, 9.2.6; no ids, no retry). */
export class EventStreamReader {
  #rest = ''
  #event = ''
  #data: string[] = []

  push(text: string): StreamEvent[] {
    const events: StreamEvent[] = []
    const lines = (this.#rest + text).split(/\r\n|\n/)
    this.#rest = lines.pop()!
    for (const line of lines) {
      if (line !== '') this.#take(line)
      else {
        if (this.#data.length > 0) events.push({ event: this.#event || 'message', data: this.#data.join('\n') })
        this.#event = ''
        this.#data = []
      }
    }
    return events
  }

  #take(line: string): void {
    const [, field, value] = /^([^:]*)(?:: ?(.*))?$/s.exec(line)!
    if (field === 'event') this.#event = value ?? ''
    else if (field === 'data') this.#data.push(value ?? '')
  }
}
