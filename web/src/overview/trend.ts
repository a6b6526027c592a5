// How full the estate was in the last week: the sum of what its hosts and pools tell.
import { useEffect, useState } from 'react'
import { call } from '../api/client'
import type { Series } from '../api/schema'
import { lineOf, points, summed, type Points } from '../metrics/series'

export interface Trend {
  /** In percent of all processors. */
  cpu: Points
  memory: Points
  storage: Points
}

/** More than these are not asked for each: their pages show them. */
const mostAsked = 50
const atOnce = 3

async function each<T, R>(items: T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const answers: R[] = []
  for (let at = 0; at < items.length; at += atOnce) answers.push(...(await Promise.all(items.slice(at, at + atOnce).map(work))))
  return answers
}

function sum(all: { series: Series; weight: number }[], name: string): Points {
  return summed(all.map(({ series, weight }) => ({ values: points(lineOf(series, name)?.average ?? []), weight })))
}

async function read(): Promise<Trend | null> {
  const [hosts, pools] = await Promise.all([call('list_hosts', { query: { limit: mostAsked } }), call('list_pools', { query: { limit: mostAsked } })])
  if (hosts.next || pools.next) return null
  const cpus = hosts.items.reduce((total, host) => total + host.cpus, 0) || 1
  const ofHosts = await each(hosts.items, async ({ name, cpus: own }) => ({ series: await call('get_host_metrics', { path: { name }, query: { range: 'week' } }), weight: own / cpus }))
  const ofPools = await each(pools.items, async ({ name }) => ({ series: await call('get_pool_metrics', { path: { name }, query: { range: 'week' } }), weight: 1 }))
  return {
    cpu: sum(ofHosts, 'cpu'),
    memory: sum(ofHosts.map(({ series }) => ({ series, weight: 1 })), 'memory'),
    storage: sum(ofPools, 'used'),
  }
}

/** Read once: a step of a week's series is as long as a look at the page. Null where there are too many hosts. */
export function useTrend(): { trend?: Trend | null; error: string } {
  const [state, setState] = useState<{ trend?: Trend | null; error: string }>({ error: '' })
  useEffect(() => {
    let over = false
    read()
      .then((trend) => !over && setState({ trend, error: '' }))
      .catch((error: Error) => !over && setState({ error: error.message }))
    return () => {
      over = true
    }
  }, [])
  return state
}
