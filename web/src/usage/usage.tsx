// What running machines use at this moment, the greediest first.
import { Alert, PageSection, Title } from '@patternfly/react-core'
import { useEffect, useState, type ReactNode } from 'react'
import { Link, useSearchParams } from 'react-router'
import { call } from '../api/client'
import type { Usage, UsageList, UsageSort } from '../api/schema'
import { quantityText } from '../metrics/series'
import { sampleEvery } from '../metrics/use_series'
import { bytesText, timeText } from '../shared/format'
import { whileSeen } from '../shared/seen'
import { VirtualTable, type Column } from '../shared/table'
import { t } from '../strings'

const shown = 100

/** A number with a bar behind it: how much of `most` it is. */
function Bar({ value, most, children }: { value: number; most: number; children: ReactNode }) {
  return (
    <span className="truce-bar">
      <span className="truce-bar-full" style={{ inlineSize: `${Math.min(100, (100 * value) / (most || 1))}%` }} aria-hidden />
      <span>{children}</span>
    </span>
  )
}

const disk = (usage: Usage) => usage.disk_read_rate + usage.disk_write_rate
const network = (usage: Usage) => usage.receive_rate + usage.send_rate
const rate = (value: number) => quantityText(value, 'bytes/s')

function columnsOf(items: Usage[]): Column<Usage>[] {
  const mostDisk = Math.max(...items.map(disk))
  const mostNetwork = Math.max(...items.map(network))
  return [
    { title: 'Machine', width: 1.2, sort: 'name', cell: (usage) => <Link to={`/machines/${usage.name}/metrics`}>{usage.name}</Link> },
    { title: 'Host', width: 0.8, wide: true, cell: (usage) => <Link to={`/hosts/${encodeURIComponent(usage.host)}`}>{usage.host}</Link> },
    { title: 'Processors', width: 1.2, sort: 'cpu', cell: (usage) => <Bar value={usage.cpu_percent} most={100 * usage.cpus}>{`${quantityText(usage.cpu_percent, 'percent')} of ${usage.cpus}`}</Bar> },
    { title: 'Memory', width: 1.4, sort: 'memory', cell: (usage) => <Bar value={usage.memory} most={usage.memory_size}>{`${bytesText(usage.memory)} of ${bytesText(usage.memory_size)}`}</Bar> },
    { title: 'Disk: read, write', width: 1.8, sort: 'disk', wide: true, cell: (usage) => <Bar value={disk(usage)} most={mostDisk}>{`${rate(usage.disk_read_rate)}, ${rate(usage.disk_write_rate)}`}</Bar> },
    { title: 'Network: in, out', width: 1.8, sort: 'network', wide: true, cell: (usage) => <Bar value={network(usage)} most={mostNetwork}>{`${rate(usage.receive_rate)}, ${rate(usage.send_rate)}`}</Bar> },
  ]
}

/** Asked for again with each new sample while it is looked at, as `top` does. */
function useUsage(sort: UsageSort): { usage?: UsageList; error: string } {
  const [view, setView] = useState<{ usage?: UsageList; error: string }>({ error: '' })
  useEffect(() => {
    let over = false
    const read = () =>
      call('list_usage', { query: { sort, limit: shown } })
        .then((usage) => !over && setView({ usage, error: '' }))
        .catch((error: Error) => !over && setView((old) => ({ ...old, error: error.message })))
    void read()
    const leave = whileSeen(() => void read(), sampleEvery)
    return () => {
      over = true
      leave()
    }
  }, [sort])
  return view
}

export function UsagePage() {
  const [search, setSearch] = useSearchParams()
  const sort = (search.get('sort') ?? 'cpu') as UsageSort
  const { usage, error } = useUsage(sort)
  const items = usage?.items ?? []
  return (
    <>
      <PageSection>
        <Title headingLevel="h1">{t.nav.usage}</Title>
        {usage?.time && <span className="truce-subtle">{t.usage.measured(usage.vms, timeText(usage.time))}</span>}
      </PageSection>
      <PageSection>
        {error && <Alert isInline variant="danger" title={error} />}
        <VirtualTable label={t.nav.usage!} items={items} ready={usage !== undefined || error !== ''} columns={columnsOf(items)} empty={t.usage.none}
          order={{ sort, descending: sort !== 'name' }} setOrder={(order) => setSearch({ sort: order.sort }, { replace: true })} height="max(18rem, 100vh - 16rem)" />
      </PageSection>
    </>
  )
}
