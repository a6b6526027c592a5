// One object that follows what happens on the server.
import { useEffect, useState } from 'react'
import { ApiError, call, type CallInput, type OperationId } from './client'
import type { ListId } from './live'
import { operations } from './schema'
import { stream } from './stream'

export interface OneView<T> {
  /** Absent as long as it is asked for, and when there is none. */
  item?: T
  ready: boolean
  /** Why it is not shown; empty when there simply is none. */
  error: string
}

/** Where an object is read from: its own operation, or a list where there is none. */
export interface Source {
  list: ListId
  get?: OperationId
}

const again = 2000
const pageSize = 1000

async function read(source: Source, name: string): Promise<unknown> {
  if (source.get) return call(source.get, { path: { name } } as unknown as CallInput<OperationId>)
  for (let after = ''; ; ) {
    const page = (await call(source.list, { query: { limit: pageSize, after } } as CallInput<ListId>)) as { items: { name: string }[]; next: string }
    const found = page.items.find((item) => item.name === name)
    if (found) return found
    if (!page.next) throw new ApiError(404, '')
    after = page.next
  }
}

/** An object by its name, kept up to date while the component lives. */
export function useOne<T>({ list, get }: Source, name: string): OneView<T> {
  const [view, setView] = useState<OneView<T>>({ ready: false, error: '' })
  useEffect(() => {
    let over = false
    // What was told while it was read may be newer; and if it was not, the newer follows.
    let told = false
    const load = () => {
      told = false
      read({ list, get }, name).then(
        (item) => !over && !told && setView({ item: item as T, ready: true, error: '' }),
        (error: Error) => {
          if (over || told) return
          const none = error instanceof ApiError && error.status === 404
          setView({ ready: true, error: none ? '' : error.message })
          if (!none) setTimeout(() => !over && load(), again)
        },
      )
    }
    setView({ ready: false, error: '' })
    const leave = stream.add({
      kind: operations[list].path.replace('/v1/', ''),
      changed: (change) => {
        if (change.name !== name) return
        told = true
        setView({ item: (change.object as T | null) ?? undefined, ready: true, error: '' })
      },
      gone: load,
      // What was read before the stream tells may lack what happened between.
      begun: load,
    })
    load()
    return () => {
      over = true
      leave()
    }
  }, [list, get, name])
  return view
}
