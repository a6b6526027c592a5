// All machines: found, looked at and worked on, many at once.
import { Alert, Button, FormSelect, FormSelectOption, PageSection, Title, Toolbar, ToolbarContent, ToolbarItem } from '@patternfly/react-core'
import { lazy, Suspense, useEffect, useState } from 'react'
import { useNavigate, useSearchParams } from 'react-router'
import type { Vm, VmSort } from '../api/schema'
import { useWindow } from '../api/window'
import { useMay } from '../session/session'
import { FilterInput } from '../shared/filter_input'
import { nothingChosen, type Selection } from '../shared/selection'
import { VirtualTable, type Order } from '../shared/table'
import { t } from '../strings'
import { Bulk } from './bulk'
import { columns } from './columns'
import { Narrowed } from './narrowed'
import { SavedFilters } from './saved'

// The wizard comes when it is asked for.
const CreateMachine = lazy(() => import('./create/wizard'))
const states = ['running', 'off', 'paused', 'suspended', 'starting', 'unknown']

export function Machines() {
  const [search, setSearch] = useSearchParams()
  const contains = search.get('contains') ?? ''
  const observed = search.get('observed') ?? ''
  const label = search.get('label') ?? ''
  const network = search.get('network') ?? ''
  const host = search.get('host') ?? ''
  const order: Order = { sort: search.get('sort') ?? 'name', descending: search.get('descending') === 'true' }
  const question = { contains, observed: observed as Vm['observed'], label, host, network }
  const asked = JSON.stringify(question)
  const list = useWindow('list_vms', { ...question, sort: order.sort as VmSort, descending: order.descending })
  const [chosen, setChosen] = useState<Selection<Vm>>(nothingChosen)
  useEffect(() => setChosen(nothingChosen), [asked])
  const [creating, setCreating] = useState(search.has('create'))
  const may = useMay()
  const navigate = useNavigate()
  const set = (key: string, value: string) => {
    const next = new URLSearchParams(search)
    if (value) next.set(key, value)
    else next.delete(key)
    setSearch(next, { replace: true })
  }
  const setOrder = ({ sort, descending }: Order) => {
    const next = new URLSearchParams(search)
    next.set('sort', sort)
    if (descending) next.set('descending', 'true')
    else next.delete('descending')
    setSearch(next, { replace: true })
  }
  const operate = may('operate')
  return (
    <>
      <PageSection>
        <Title headingLevel="h1">{t.nav.machines}</Title>
      </PageSection>
      <PageSection>
        {list.error && <Alert isInline variant="danger" title={list.error} />}
        <Toolbar>
          <ToolbarContent>
            <ToolbarItem>
              <FilterInput label={t.filter} value={contains} onChange={(text) => set('contains', text)} />
            </ToolbarItem>
            <ToolbarItem>
              <FormSelect aria-label={t.allStates} value={observed} onChange={(_, value) => set('observed', value)}>
                <FormSelectOption value="" label={t.allStates} />
                {states.map((state) => (
                  <FormSelectOption key={state} value={state} label={state} />
                ))}
              </FormSelect>
            </ToolbarItem>
            <ToolbarItem>
              <FilterInput label="Label" placeholder="label=value" value={label} onChange={(text) => set('label', text)} />
            </ToolbarItem>
            <ToolbarItem>
              <Narrowed search={search} widen={(key) => set(key, '')} />
              <SavedFilters view="machines" search={search} apply={(next) => setSearch(next)} />
            </ToolbarItem>
            {operate && (
              <>
                <ToolbarItem>
                  <Button onClick={() => setCreating(true)}>{t.machine.create}</Button>
                </ToolbarItem>
                <ToolbarItem>
                  <Bulk chosen={chosen} total={list.rows.length} question={question} find={(name) => list.list?.find(name)} done={() => setChosen(nothingChosen)} />
                </ToolbarItem>
              </>
            )}
          </ToolbarContent>
        </Toolbar>
        <VirtualTable label={t.nav.machines!} items={list.rows} columns={columns} ready={list.ready} see={list.list?.see} question={asked + JSON.stringify(order)}
          order={order} setOrder={setOrder} selection={chosen} select={operate ? setChosen : undefined}
          empty={contains || observed || label || host || network ? t.noneFound : t.noneYet} height="max(18rem, 100vh - 19.5rem)" />
        <div className="truce-count" aria-live="polite" data-testid="count">
          {list.ready && t.matching(list.rows.length)}
        </div>
      </PageSection>
      {creating && (
        <Suspense>
          <CreateMachine close={() => setCreating(false)} created={(name) => void navigate(`/machines/${name}`)} />
        </Suspense>
      )}
    </>
  )
}
