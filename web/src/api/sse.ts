/** One server-sent event. */
export interface ServerEvent {
  event: string
  data: string
}

/** Cuts a stream of text into events; pieces may end anywhere. */
export class EventParser {
  private rest = ''

  push(piece: string): ServerEvent[] {
    this.rest += piece
    const blocks = this.rest.split('\n\n')
    this.rest = blocks.pop() ?? ''
    const events: ServerEvent[] = []
    for (const block of blocks) {
      let event = 'message'
      const data: string[] = []
      for (const line of block.split('\n')) {
        if (line.startsWith('event:')) event = line.slice(6).trim()
        if (line.startsWith('data:')) data.push(line.slice(5).trim())
      }
      if (data.length > 0) events.push({ event, data: data.join('\n') })
    }
    return events
  }
}
