import { useEffect, useState } from 'react'
import { call } from '../api/client'
import type { MetricRange, Series } from '../api/schema'
import { whileSeen } from '../shared/seen'

export type Subject = 'vm' | 'host' | 'pool'

const operations = { vm: 'get_vm_metrics', host: 'get_host_metrics', pool: 'get_pool_metrics' } as const
/** How often hosts measure. */
export const sampleEvery = 10_000

export interface SeriesView {
  series?: Series
  error: string
}

/**
 * A series of measurements. The last hour is asked for again with each new sample while it is looked at: samples are not in
 * the store, so that the stream does not tell of them.
 */
export function useSeries(of: Subject, name: string, range: MetricRange): SeriesView {
  const [view, setView] = useState<SeriesView>({ error: '' })
  useEffect(() => {
    let over = false
    const read = () =>
      call(operations[of], { path: { name }, query: { range } })
        .then((series) => !over && setView({ series, error: '' }))
        .catch((error: Error) => !over && setView((old) => ({ ...old, error: error.message })))
    setView({ error: '' })
    void read()
    const leave = range === 'hour' ? whileSeen(() => void read(), sampleEvery) : undefined
    return () => {
      over = true
      leave?.()
    }
  }, [of, name, range])
  return view
}
