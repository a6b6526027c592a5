import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { stream, type Listener } from '../src/api/stream'
import { WindowList } from '../src/api/window'

interface Thing {
  name: string
  memory: number
  observed: string
}

const chunk = 64

/** A server that has so many machines, and the stream that it would tell by. */
class Server {
  revision = 10
  things: Thing[]
  asked: string[] = []
  told!: Listener
  private held: (() => void)[] = []
  hold = false

  constructor(count: number) {
    this.things = Array.from({ length: count }, (_, n) => ({ name: `vm-${String(n).padStart(5, '0')}`, memory: n, observed: 'off' }))
    vi.spyOn(stream, 'add').mockImplementation((listener) => {
      this.told = listener
      return () => undefined
    })
    vi.stubGlobal('sessionStorage', { getItem: () => '' })
    vi.stubGlobal('fetch', (address: string, { signal }: RequestInit) => this.answer(address, signal!))
  }

  private async answer(address: string, signal: AbortSignal): Promise<Response> {
    this.asked.push(address)
    const query = new URL(address, 'https://x').searchParams
    const offset = Number(query.get('offset'))
    const match = this.things.filter((thing) => !query.get('observed') || thing.observed === query.get('observed'))
    const page = { revision: this.revision, items: match.slice(offset, offset + Number(query.get('limit'))), next: '', total: match.length }
    const text = JSON.stringify(page)
    if (this.hold) await new Promise<void>((resolve) => this.held.push(resolve))
    if (signal.aborted) throw new DOMException('', 'AbortError')
    return new Response(text)
  }

  release() {
    this.hold = false
    this.held.splice(0).forEach((resolve) => resolve())
  }

  change(name: string, object: Thing | null) {
    this.revision += 1
    this.told.changed({ kind: 'vms', revision: this.revision, name, object })
  }
}

const settle = () => vi.advanceTimersByTimeAsync(0)

describe('a list of which only what is seen is read', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }))
  afterEach(() => {
    vi.useRealTimers()
    vi.restoreAllMocks()
    vi.unstubAllGlobals()
  })

  const open = async (server: Server, query: Record<string, unknown> = {}) => {
    const list = new WindowList<Thing>('list_vms', query)
    await settle()
    expect(server.asked).toHaveLength(1)
    return list
  }

  it('knows how many there are, and reads what is scrolled to', async () => {
    const server = new Server(40_000)
    const list = await open(server)
    expect(list.snapshot().rows.length).toBe(40_000)
    expect(list.snapshot().rows.at(3)?.name).toBe('vm-00003')
    expect(list.snapshot().rows.at(20_000)).toBeUndefined()
    list.see(20_000, 20_030)
    await settle()
    expect(list.snapshot().rows.at(20_000)?.name).toBe('vm-20000')
    expect(server.asked.length).toBeLessThanOrEqual(3)
  })

  it('asks no further than its end, and is content with nothing', async () => {
    const server = new Server(0)
    const list = await open(server)
    list.see(500, 900)
    await vi.advanceTimersByTimeAsync(5000)
    expect(server.asked).toHaveLength(1)
    expect(list.snapshot()).toMatchObject({ ready: true, error: '' })
  })

  it('replaces what is shown at once, without a question, when its place stays', async () => {
    const server = new Server(100)
    const list = await open(server)
    server.change('vm-00007', { name: 'vm-00007', memory: 5, observed: 'running' })
    await settle()
    expect(list.snapshot().rows.at(7)?.observed).toBe('running')
    await vi.advanceTimersByTimeAsync(2000)
    expect(server.asked).toHaveLength(1)
  })

  it('reads again at most twice a second when the order changes', async () => {
    const server = new Server(100)
    const list = await open(server, { sort: 'memory' })
    for (let turn = 0; turn < 100; turn += 1) {
      server.things[7] = { ...server.things[7]!, memory: turn + 1000 }
      server.change('vm-00007', server.things[7]!)
      await vi.advanceTimersByTimeAsync(20)
    }
    await vi.advanceTimersByTimeAsync(600)
    expect(server.asked.length).toBeGreaterThan(2)
    expect(server.asked.length).toBeLessThanOrEqual(6)
    expect(list.find('vm-00007')?.memory).toBe(1099)
  })

  it('shows what is new, and forgets what is gone', async () => {
    const server = new Server(10)
    const list = await open(server)
    server.things.push({ name: 'vm-99999', memory: 1, observed: 'off' })
    server.change('vm-99999', server.things[10]!)
    await vi.advanceTimersByTimeAsync(600)
    expect(list.snapshot().rows.length).toBe(11)
    server.things.shift()
    server.change('vm-00000', null)
    await vi.advanceTimersByTimeAsync(600)
    expect(list.snapshot().rows.length).toBe(10)
    expect(list.snapshot().rows.at(0)?.name).toBe('vm-00001')
  })

  it('leaves out what no longer matches', async () => {
    const server = new Server(10)
    const list = await open(server, { observed: 'off' })
    server.things[3] = { ...server.things[3]!, observed: 'running' }
    server.change('vm-00003', server.things[3]!)
    await vi.advanceTimersByTimeAsync(600)
    expect(list.snapshot().rows.length).toBe(9)
    expect(list.find('vm-00003')).toBeUndefined()
  })

  it('does not let an older page overwrite what was told meanwhile', async () => {
    const server = new Server(100)
    server.hold = true
    const list = await open(server)
    server.change('vm-00007', { name: 'vm-00007', memory: 7, observed: 'running' })
    server.release()
    await settle()
    expect(list.snapshot().rows.at(7)?.observed).toBe('running')
  })

  it('reads a page again that is older than the stream', async () => {
    const server = new Server(100)
    const list = await open(server)
    server.things[1]!.observed = 'running' // told by nobody
    server.revision = 20
    server.told.begun!(20)
    await vi.advanceTimersByTimeAsync(600)
    expect(list.snapshot().rows.at(1)?.observed).toBe('running')
  })

  it('gives up its questions when it is closed', async () => {
    const server = new Server(100)
    server.hold = true
    const list = await open(server)
    list.close()
    server.release()
    await vi.advanceTimersByTimeAsync(5000)
    expect(list.snapshot().ready).toBe(false)
    expect(server.asked[0]).toContain(`limit=${chunk}`)
    expect(server.asked).toHaveLength(1)
  })
})
