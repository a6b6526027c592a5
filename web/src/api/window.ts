// A list of any length in the server's order, of which only what is looked at is read.
import { useEffect, useMemo, useState, useSyncExternalStore } from 'react'
import { address, request, type CallInput } from './client'
import { fits } from './filter'
import { operations, type Operations } from './schema'
import { stream, type Change } from './stream'

/** Operations that take `offset` and tell how many match. */
export type WindowId = { [K in keyof Operations]: 'offset' extends keyof Operations[K]['query'] ? K : never }[keyof Operations]
type Listed<K extends WindowId> = Operations[K]['answer'] extends { items: (infer T)[] } ? T : never

interface Page<T> {
  revision: number
  items: T[]
  total: number
}

interface Chunk<T> {
  items: T[]
  /** The turn in which it was read: an older one is shown until it has been read again. */
  turn: number
}

/** Rows by their number; those that are not there yet are undefined. An array is one, too. */
export interface Rows<T> {
  length: number
  at(index: number): T | undefined
}

export interface WindowView<T> {
  rows: Rows<T>
  ready: boolean
  /** Why it may be old, or is not there. */
  error: string
}

const chunkSize = 64
/** Chunks that are kept: those that were read last. */
const mostChunks = 32
/** The browser has six connections, and one of them is the stream's. */
const mostRequests = 2
/** Between two readings because of changes, in milliseconds; slow servers are asked less often. */
const pause = 500
const pauseOfDuration = 10
const again = 2000

export class WindowList<T extends { name: string }> {
  private chunks = new Map<number, Chunk<T>>()
  private total = 0
  private turn = 0
  private wanted: [number, number] = [0, 0]
  private underWay = new Set<number>()
  /** What was told while pages were under way: it may be newer than they are. */
  private early = new Map<string, Change>()
  private listeners = new Set<() => void>()
  private abort = new AbortController()
  private view: WindowView<T> = { rows: [], ready: false, error: '' }
  private told = false
  private asked = 0
  private duration = 0
  private oldest = Infinity
  private timer: ReturnType<typeof setTimeout> | undefined
  private readonly leave: () => void

  constructor(
    private readonly id: WindowId,
    private readonly query: Record<string, unknown>,
  ) {
    this.leave = stream.add({
      kind: operations[id].path.replace('/v1/', ''),
      changed: (change) => this.take(change),
      gone: () => this.refresh(),
      begun: (revision) => this.oldest < revision && this.refresh(),
    })
    this.pump()
  }

  subscribe = (tell: () => void) => {
    this.listeners.add(tell)
    return () => void this.listeners.delete(tell)
  }
  snapshot = () => this.view

  /** Says which rows are looked at. */
  see = (first: number, last: number) => {
    this.wanted = [Math.floor(Math.max(first, 0) / chunkSize), Math.floor(Math.max(last, 0) / chunkSize)]
    this.pump()
  }

  /** The object of that name, if it is among what is known. */
  find(name: string): T | undefined {
    const found = this.place(name)
    return found && found.chunk.items[found.index]
  }

  close() {
    this.abort.abort()
    clearTimeout(this.timer)
    this.leave()
  }

  private pump() {
    const last = this.view.ready ? Math.min(this.wanted[1], Math.floor(Math.max(this.total - 1, 0) / chunkSize)) : this.wanted[1]
    for (let number = Math.min(this.wanted[0], last); number <= last; number += 1) {
      if (this.underWay.size >= mostRequests || this.abort.signal.aborted) return
      const chunk = this.chunks.get(number)
      if (!this.underWay.has(number) && (!chunk || chunk.turn < this.turn)) void this.load(number)
    }
  }

  private async load(number: number) {
    const turn = this.turn
    this.underWay.add(number)
    this.asked = performance.now()
    try {
      const query = { ...this.query, offset: number * chunkSize, limit: chunkSize }
      const response = await request(address(this.id, { query } as CallInput<WindowId>), { signal: this.abort.signal })
      this.put(number, (await response.json()) as Page<T>, turn)
    } catch (error) {
      if (this.abort.signal.aborted) return
      this.show({ ready: true, error: (error as Error).message })
      setTimeout(() => this.pump(), again)
      return
    } finally {
      this.underWay.delete(number)
    }
    this.duration = performance.now() - this.asked
    if (this.underWay.size === 0) this.early.clear()
    this.pump()
  }

  private put(number: number, page: Page<T>, turn: number) {
    if (this.abort.signal.aborted) return
    const items = page.items.map((item) => {
      const change = this.early.get(item.name)
      return change?.object && change.revision > page.revision ? (change.object as T) : item
    })
    this.chunks.delete(number) // so that it is the last one
    this.chunks.set(number, { items, turn })
    for (const old of this.chunks.keys()) if (this.chunks.size > mostChunks || (old > 0 && old * chunkSize >= page.total)) this.chunks.delete(old)
    this.total = page.total
    this.oldest = Math.min(turn === this.turn ? this.oldest : Infinity, page.revision)
    if (page.revision < stream.begun) this.refresh()
    this.show({ ready: true, error: '' })
  }

  private place(name: string) {
    for (const chunk of this.chunks.values()) {
      const index = chunk.items.findIndex((item) => item.name === name)
      if (index >= 0) return { chunk, index }
    }
    return undefined
  }

  private take(change: Change) {
    if (this.underWay.size > 0) this.early.set(change.name, change)
    const found = this.place(change.name)
    const object = change.object as T | null
    const before = found?.chunk.items[found.index]
    if (found && object) {
      found.chunk.items[found.index] = object
      this.show({})
    }
    const key = String(this.query.sort || 'name') as keyof T
    const stays = before && object && fits(object, this.query) && before[key] === object[key]
    if (!stays) this.refresh()
  }

  /** Reads again what is looked at: at once, or when enough time has passed since the last time. */
  private refresh() {
    if (this.timer !== undefined || this.abort.signal.aborted) return
    const wait = this.asked + Math.max(pause, pauseOfDuration * this.duration) - performance.now()
    this.timer = setTimeout(() => {
      this.timer = undefined
      this.turn += 1
      this.oldest = Infinity
      this.pump()
    }, Math.max(wait, 0))
  }

  // Many changes at once are drawn once.
  private show(news: Partial<WindowView<T>>) {
    this.view = { ...this.view, ...news }
    if (this.told || this.abort.signal.aborted) return
    this.told = true
    queueMicrotask(() => {
      this.told = false
      const chunks = this.chunks
      const rows = { length: this.total, at: (index: number) => chunks.get(Math.floor(index / chunkSize))?.items[index % chunkSize] }
      this.view = { ...this.view, rows }
      this.listeners.forEach((tell) => tell())
    })
  }
}

const nothing: WindowView<never> = { rows: [], ready: false, error: '' }

/** A list as far as it is looked at. The rows of the question before stay until the new one is answered. */
export function useWindow<K extends WindowId>(id: K, query: Operations[K]['query']) {
  type T = Listed<K> & { name: string }
  const key = JSON.stringify(query)
  const [list, setList] = useState<WindowList<T> | null>(null)
  useEffect(() => {
    const fresh = new WindowList<T>(id, JSON.parse(key) as Record<string, unknown>)
    const leave = fresh.subscribe(() => {
      setList(fresh)
      leave()
    })
    return () => fresh.close()
  }, [id, key])
  const subscribe = useMemo(() => list?.subscribe ?? (() => () => undefined), [list])
  const view = useSyncExternalStore(subscribe, () => (list ? list.snapshot() : (nothing as WindowView<T>)))
  return { ...view, list }
}
