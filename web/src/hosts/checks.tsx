// What was looked at on a host, and what to do where something is amiss.
import { Alert } from '@patternfly/react-core'
import { useCallback } from 'react'
import { call } from '../api/client'
import { useReading } from '../api/reading'
import type { HostCheck } from '../api/schema'
import { State } from '../shared/state'
import { VirtualTable, type Column } from '../shared/table'
import { t } from '../strings'

const columns: Column<HostCheck>[] = [
  { title: 'Check', width: 1.2, cell: (check) => check.name },
  { title: 'State', width: 0.6, cell: (check) => <State value={check.state} /> },
  { title: 'Found', width: 2, wide: true, cell: (check) => <span title={check.found}>{check.found}</span> },
  { title: 'What that means', width: 2, wide: true, cell: (check) => <span title={check.meaning}>{check.meaning}</span> },
  { title: 'What to do', width: 2, cell: (check) => <span title={check.advice}>{check.advice}</span> },
]
const changesChecks = ['hosts']

export function HostChecks({ name }: { name: string }) {
  const read = useCallback(() => call('get_host_checks', { path: { name } }), [name])
  const { value, error } = useReading(read, changesChecks)
  return (
    <>
      {error && <Alert isInline variant="warning" title={error} />}
      <VirtualTable label={t.host.checks} items={value?.items ?? []} ready={value !== undefined || error !== ''} columns={columns} />
    </>
  )
}
