// One machine: what it is, its consoles, its parts, and what can be done to it.
import {
  ActionList, ActionListItem, Alert, Breadcrumb, BreadcrumbItem, Button, EmptyState, PageSection, Tab, Tabs,
  TabTitleText, Title,
} from '@patternfly/react-core'
import { lazy, Suspense, useState, type ReactNode } from 'react'
import { Link, useNavigate, useParams } from 'react-router'
import { call } from '../api/client'
import { useOne } from '../api/one'
import type { SnapshotCreate, Vm } from '../api/schema'
import { EventTable, TaskTable } from '../history/history'
import { Metrics } from '../metrics/panel'
import { ConfirmDelete, Details } from '../objects/objects'
import { useMay } from '../session/session'
import { bytesText } from '../shared/format'
import { Loading } from '../shared/loading'
import { State } from '../shared/state'
import { useToasts } from '../shared/toasts'
import { t } from '../strings'
import { actions, fits, removeMachine } from './actions'
import { Cards } from './cards'
import { Disks } from './disks'
import { Settings } from './settings'
import { Snapshots } from './snapshots'

// The terminal and the screen are large: each comes when it is looked at.
const Screen = lazy(() => import('./screen').then((module) => ({ default: module.Screen })))
const SerialConsole = lazy(() => import('./serial').then((module) => ({ default: module.SerialConsole })))
const bytes = ['memory', 'memory_min']

function Power({ vm }: { vm: Vm }) {
  const { run } = useToasts()
  const [deleting, setDeleting] = useState(false)
  const navigate = useNavigate()
  return (
    <ActionList className="truce-keys">
      {actions.filter((action) => fits(action, vm)).map((action) => (
        <ActionListItem key={action.key}>
          <Button variant="secondary" isDanger={action.danger} onClick={() => void run(`${action.title}: ${vm.name}`, () => action.run(vm.name))}>
            {action.title}
          </Button>
        </ActionListItem>
      ))}
      <ActionListItem>
        <Button variant="secondary" isDanger onClick={() => setDeleting(true)}>
          {t.machine.remove}
        </Button>
      </ActionListItem>
      {deleting && (
        <ConfirmDelete
          what={vm.name}
          close={() => setDeleting(false)}
          action={() => {
            void navigate('/machines')
            void run(`${t.remove}: ${vm.name}`, () => removeMachine(vm.name))
          }}
        />
      )}
    </ActionList>
  )
}

function Summary({ vm }: { vm: Vm }) {
  return (
    <>
      {vm.problem && <Alert isInline variant="warning" title={vm.problem} />}
      {vm.pending.length > 0 && <Alert isInline variant="info" title={`${t.machine.pending}: ${vm.pending.join('; ')}`} />}
      <Details bytes={bytes} item={{
          description: vm.description, state: vm.observed, cpus: vm.cpus, memory: vm.memory, addresses: vm.addresses, template: vm.template,
          host: vm.host, project: vm.project, labels: vm.labels, machine: vm.machine, started: vm.observed === 'running' ? vm.started : '', created: vm.created, uuid: vm.uuid,
          disks: vm.disks.map((disk) => `${disk.id} ${bytesText(disk.size)}`), networks: vm.nics.map((nic) => nic.network),
        }} />
    </>
  )
}

function Powered({ vm, children }: { vm: Vm; children: ReactNode }) {
  if (vm.observed === 'running' || vm.observed === 'paused') return <Suspense>{children}</Suspense>
  return <EmptyState titleText={t.machine.needsPower} headingLevel="h2" />
}

const source = { list: 'list_vms', get: 'get_vm' } as const

export function Machine() {
  const { name = '', tab = 'summary' } = useParams()
  const navigate = useNavigate()
  const { item: vm, ready, error } = useOne<Vm>(source, name)
  const may = useMay()
  const { follow } = useToasts()
  if (!ready) return <Loading />
  if (!vm)
    return (
      <PageSection>
        <EmptyState titleText={error || t.machine.notFound(name)} headingLevel="h1" />
      </PageSection>
    )
  const tabs: [string, string, () => ReactNode][] = [
    ['summary', t.machine.summary, () => <Summary vm={vm} />],
    ...(may('operate')
      ? ([
          ['screen', t.machine.screen, () => <Powered vm={vm}><Screen name={name} /></Powered>],
          ['serial', t.machine.serial, () => <Powered vm={vm}><SerialConsole name={name} /></Powered>],
        ] as [string, string, () => ReactNode][])
      : []),
    ['metrics', t.metrics.title, () => <Metrics of="vm" name={name} />],
    ['disks', t.machine.disks, () => <Disks vm={vm} />],
    ['cards', t.machine.cards, () => <Cards vm={vm} />],
    ['snapshots', t.machine.snapshots, () => <Snapshots vm={vm} take={(body) => call('create_snapshot', { path: { vm: name }, body: body as unknown as SnapshotCreate }).then((task) => void follow(t.machine.takeSnapshot, task))} />],
    ['settings', t.machine.settings, () => <Settings vm={vm} />],
    ['tasks', t.machine.tasks, () => <TaskTable target={`vms/${name}`} />],
    ['events', t.machine.events, () => <EventTable target={`vms/${name}`} />],
  ]
  return (
    <>
      <PageSection>
        <Breadcrumb>
          <BreadcrumbItem>
            <Link to="/machines">{t.nav.machines}</Link>
          </BreadcrumbItem>
          <BreadcrumbItem isActive>{name}</BreadcrumbItem>
        </Breadcrumb>
        <Title headingLevel="h1">
          {name} <State value={vm.observed} />
        </Title>
        {may('operate') && (
          <div style={{ paddingBlockStart: '1rem' }}>
            <Power vm={vm} />
          </div>
        )}
      </PageSection>
      <PageSection>
        <Tabs activeKey={tab} onSelect={(_, key) => void navigate(`/machines/${name}/${key}`, { replace: true })} aria-label={name} mountOnEnter unmountOnExit>
          {tabs.map(([key, title, content]) => (
            <Tab key={key} eventKey={key} title={<TabTitleText>{title}</TabTitleText>}>
              <div style={{ paddingBlockStart: '1rem' }}>{content()}</div>
            </Tab>
          ))}
        </Tabs>
      </PageSection>
    </>
  )
}
