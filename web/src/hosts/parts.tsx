// What a host's page has beyond its facts: how it was used, what it lacks, and its machines.
import { Alert, Tab, Tabs, TabTitleText } from '@patternfly/react-core'
import { useState } from 'react'
import { Link } from 'react-router'
import { useWindow } from '../api/window'
import { columns } from '../machines/columns'
import { Metrics } from '../metrics/panel'
import { VirtualTable } from '../shared/table'
import { t } from '../strings'
import { HostChecks } from './checks'

function HostMachines({ name }: { name: string }) {
  const list = useWindow('list_vms', { host: name })
  return (
    <>
      {list.error && <Alert isInline variant="warning" title={list.error} />}
      <VirtualTable label={t.nav.machines!} items={list.rows} columns={columns.filter((column) => column.sort !== 'host')} ready={list.ready} see={list.list?.see} />
      <Link to={`/machines?host=${encodeURIComponent(name)}`}>{t.matching(list.rows.length)}</Link>
    </>
  )
}

export function HostParts({ name }: { name: string }) {
  const [tab, setTab] = useState<string | number>('metrics')
  const tabs = [
    ['metrics', t.metrics.title, <Metrics of="host" name={name} />],
    ['checks', t.host.checks, <HostChecks name={name} />],
    ['machines', t.host.machines, <HostMachines name={name} />],
  ] as const
  return (
    <Tabs activeKey={tab} onSelect={(_, key) => setTab(key)} aria-label={name} mountOnEnter unmountOnExit className="truce-part">
      {tabs.map(([key, title, content]) => (
        <Tab key={key} eventKey={key} title={<TabTitleText>{title}</TabTitleText>}>
          {content}
        </Tab>
      ))}
    </Tabs>
  )
}
