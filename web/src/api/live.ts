// Lists that follow what happens on the server: pages of what is there, then what the stream tells.
import { useEffect, useMemo, useState, useSyncExternalStore } from 'react'
import { call, type CallInput, type OperationId } from './client'
import { fits } from './filter'
import { operations, type Operations } from './schema'
import { stream, type Change } from './stream'

type Listed<K extends OperationId> = Operations[K]['answer'] extends { items: (infer T)[] } ? T : never
/** Operations that answer a page of objects. */
export type ListId = { [K in OperationId]: Operations[K]['answer'] extends { items: { name: string }[] } ? K : never }[OperationId]

interface Page<T> {
  revision: number
  items: T[]
  next: string
}

export interface LiveView<T> {
  items: T[]
  /** Whether the first page is there. */
  ready: boolean
  /** Whether the server has more than `items`. */
  more: boolean
  /** Why nothing is shown. */
  error: string
}

const again = 2000

/** A list of the server, as far as it was asked for, kept up to date until it is closed. */
export class LiveList<T extends { name: string }> {
  private items = new Map<string, T>()
  private listeners = new Set<() => void>()
  private next = ''
  private loading = false
  /** What was told while a page was under way: it may be newer than the page. */
  private early: Change[] = []
  private told = false
  private closed = false
  private revision = Infinity
  private leave: () => void
  private view: LiveView<T> = { items: [], ready: false, more: false, error: '' }

  constructor(
    private readonly id: ListId,
    private readonly query: Record<string, unknown>,
    private readonly pageSize = 200,
  ) {
    this.leave = stream.add({
      kind: operations[id].path.replace('/v1/', ''),
      changed: (change) => this.take(change),
      gone: () => void this.load(''),
      begun: (revision) => this.revision < revision && void this.load(''),
    })
    void this.load('')
  }

  subscribe = (tell: () => void) => {
    this.listeners.add(tell)
    return () => void this.listeners.delete(tell)
  }
  snapshot = () => this.view

  /** Asks for the next page, if there is one. */
  loadMore() {
    if (this.next && !this.loading) void this.load(this.next)
  }

  close() {
    this.closed = true
    this.leave()
  }

  private async load(after: string) {
    this.loading = true
    try {
      const query = { ...this.query, limit: this.pageSize, after }
      const page = (await call(this.id, { query } as CallInput<ListId>)) as unknown as Page<T>
      if (page.revision < stream.begun) return void this.load('')
      this.revision = page.revision
      if (!after) this.items.clear()
      for (const item of page.items) this.items.set(item.name, item)
      this.next = page.next
      for (const change of this.early.splice(0)) if (change.revision > page.revision) this.apply(change)
      this.loading = false
      this.show({ ready: true, error: '' })
    } catch (error) {
      this.loading = false
      this.show({ ready: true, error: (error as Error).message })
      if (!this.closed) setTimeout(() => !this.closed && void this.load(after), again)
    }
  }

  private take(change: Change) {
    if (this.loading) this.early.push(change)
    else {
      this.apply(change)
      this.show({})
    }
  }

  private apply(change: Change) {
    const object = change.object as T | null
    if (!object || !fits(object, this.query)) {
      this.items.delete(change.name)
      return
    }
    // What lies behind the last page that was asked for comes with its page.
    const behind = this.query.newest ? change.name < this.next : change.name > this.next
    if (!this.next || !behind || this.items.has(change.name)) this.items.set(change.name, object)
  }

  // Many changes at once are drawn once.
  private show(news: Partial<LiveView<T>>) {
    this.view = { ...this.view, ...news }
    if (this.told || this.closed) return
    this.told = true
    queueMicrotask(() => {
      this.told = false
      const items = [...this.items.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
      this.view = { ...this.view, items, more: this.next !== '' }
      this.listeners.forEach((tell) => tell())
    })
  }
}

const nothing: LiveView<never> = { items: [], ready: false, more: false, error: '' }

/** A list that lives as long as the component, and how to ask for more of it. */
export function useLive<K extends ListId>(id: K, query: Record<string, unknown> = {}, pageSize = 200) {
  type T = Listed<K> & { name: string }
  const key = JSON.stringify(query)
  const [list, setList] = useState<LiveList<T> | null>(null)
  useEffect(() => {
    const fresh = new LiveList<T>(id, JSON.parse(key) as Record<string, unknown>, pageSize)
    setList(fresh)
    return () => fresh.close()
  }, [id, key, pageSize])
  const subscribe = useMemo(() => list?.subscribe ?? (() => () => undefined), [list])
  const view = useSyncExternalStore(subscribe, () => (list ? list.snapshot() : (nothing as LiveView<T>)))
  return { ...view, loadMore: () => list?.loadMore() }
}
