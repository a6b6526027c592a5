// The one stream of everything that changes on the server: a browser opens only six connections to it.
import { useSyncExternalStore } from 'react'
import { ApiError, request } from './client'
import { EventParser } from './sse'

export interface Change {
  kind: string
  revision: number
  name: string
  object: { name: string } | null
}

export interface Listener {
  /** What the listener's objects are called in the stream, such as `vms`. */
  kind: string
  changed: (change: Change) => void
  /** What was missed can no longer be told: all has to be read again. */
  gone: () => void
  /** From which revision on the stream tells: what was read before that may lack something. */
  begun?: (revision: number) => void
}

const firstPause = 300
const longestPause = 5000

class Stream {
  private listeners = new Set<Listener>()
  private tellers = new Set<() => void>()
  private abort: AbortController | null = null
  private revision: number | null = null
  /** The revision from which on it tells. */
  begun = 0
  /** Whether the server is not heard at the moment. */
  lost = false

  add(listener: Listener) {
    this.listeners.add(listener)
    this.open()
    return () => void this.listeners.delete(listener)
  }

  private open() {
    if (this.abort) return
    this.abort = new AbortController()
    void this.run(this.abort.signal)
  }

  /** Begins it anew for those who listen, who read everything again. */
  restart() {
    this.close()
    this.gone()
    this.open()
  }

  /** Ends it: the next listener begins anew, perhaps as somebody else. */
  close() {
    this.abort?.abort()
    this.abort = null
    this.revision = null
    this.show(false)
  }

  subscribe = (tell: () => void) => {
    this.tellers.add(tell)
    return () => void this.tellers.delete(tell)
  }

  private show(lost: boolean) {
    if (this.lost === lost) return
    this.lost = lost
    this.tellers.forEach((tell) => tell())
  }

  private async run(signal: AbortSignal) {
    let pause = firstPause
    while (!signal.aborted) {
      try {
        await this.follow(signal, () => (pause = firstPause))
      } catch {
        if (signal.aborted) return
      }
      this.show(true)
      await new Promise((resolve) => setTimeout(resolve, pause))
      pause = Math.min(pause * 2, longestPause)
    }
  }

  private async follow(signal: AbortSignal, heard: () => void) {
    const since = this.revision === null ? '' : `?since=${this.revision}`
    const response = await request(`/v1/watch${since}`, { signal }).catch((error: unknown) => {
      // The server is another one, or has lost its memory.
      if (error instanceof ApiError && error.status >= 400) this.gone()
      throw error
    })
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
    const parser = new EventParser()
    heard()
    this.show(false)
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      for (const { event, data } of parser.push(value)) {
        if (event === 'gone') return this.gone()
        const news = JSON.parse(data) as Change
        this.revision = news.revision
        if (event === 'synced') {
          this.begun = news.revision
          for (const listener of this.listeners) listener.begun?.(news.revision)
          continue
        }
        for (const listener of this.listeners) if (listener.kind === news.kind) listener.changed(news)
      }
    }
  }

  private gone() {
    this.revision = null
    for (const listener of this.listeners) listener.gone()
  }
}

export const stream = new Stream()
export const useConnectionLost = () => useSyncExternalStore(stream.subscribe, () => stream.lost)
