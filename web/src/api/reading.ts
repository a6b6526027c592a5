// One answer of the server that is read again when something that it is made of has changed.
import { useEffect, useState } from 'react'
import { stream } from './stream'

export interface Reading<T> {
  value?: T
  /** Why the value is old, or is not there. */
  error: string
}

const again = 5000

/** What `read` answers: again when the stream tells of one of `kinds`, but never twice within `pause` milliseconds. */
export function follow<T>(read: () => Promise<T>, kinds: string[], pause: number, tell: (reading: Partial<Reading<T>>) => void): () => void {
  let closed = false
  let busy = false
  let stale = false
  let begun = -Infinity
  let known = Infinity
  let timer: ReturnType<typeof setTimeout> | undefined
  const later = (wait: number) => {
    if (timer === undefined && !closed) timer = setTimeout(() => void go(), Math.max(wait, 0))
  }
  const change = () => {
    stale = true
    if (!busy) later(begun + pause - performance.now())
  }
  const go = async () => {
    timer = undefined
    busy = true
    stale = false
    begun = performance.now()
    try {
      const value = await read()
      known = (value as { revision?: number }).revision ?? Infinity
      if (!closed) tell({ value, error: '' })
      stale ||= known < stream.begun
    } catch (error) {
      if (!closed) tell({ error: (error as Error).message })
      later(again)
    }
    busy = false
    if (stale) change()
  }
  const leave = kinds.map((kind) => stream.add({ kind, changed: change, gone: change, begun: (revision) => known < revision && change() }))
  void go()
  return () => {
    closed = true
    clearTimeout(timer)
    leave.forEach((end) => end())
  }
}

/** `read` and `kinds` have to stay the same objects. */
export function useReading<T>(read: () => Promise<T>, kinds: string[], pause = 1000): Reading<T> {
  const [reading, setReading] = useState<Reading<T>>({ error: '' })
  useEffect(() => {
    setReading({ error: '' })
    return follow(read, kinds, pause, (news) => setReading((old) => ({ ...old, ...news })))
  }, [read, kinds, pause])
  return reading
}
