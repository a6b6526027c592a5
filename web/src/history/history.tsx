// Tasks and events: what was asked for and what happened, the newest first.
import { Button, Content, PageSection, Title } from '@patternfly/react-core'
import { Link } from 'react-router'
import { call } from '../api/client'
import { useLive } from '../api/live'
import type { Event, Task } from '../api/schema'
import { useMay } from '../session/session'
import { timeText } from '../shared/format'
import { State } from '../shared/state'
import { VirtualTable, type Column } from '../shared/table'
import { Target } from '../shared/target'
import { useToasts } from '../shared/toasts'
import { t } from '../strings'

const taskColumns = (cancel?: (task: Task) => void): Column<Task>[] => [
  { title: 'Begun', width: 1.6, cell: (task) => timeText(task.created) },
  { title: 'Task', cell: (task) => <Link to={`/tasks/${task.name}`}>{task.kind}</Link> },
  { title: 'Of', cell: (task) => <Target target={task.target} /> },
  { title: 'By', cell: (task) => task.user },
  { title: 'State', cell: (task) => <State value={task.state} /> },
  {
    title: 'Step',
    width: 2,
    cell: (task) =>
      task.state === 'running' && cancel ? (
        <>
          {task.step} {Math.round(task.progress * 100)} %{' '}
          <Button variant="link" isInline onClick={() => cancel(task)}>
            {t.cancel}
          </Button>
        </>
      ) : (
        <span title={task.error}>{task.error || task.step}</span>
      ),
  },
]

const eventColumns: Column<Event>[] = [
  { title: 'When', width: 1.6, cell: (event) => timeText(event.time) },
  { title: 'What', width: 1.4, cell: (event) => event.kind },
  { title: 'Of', width: 1.2, cell: (event) => <Target target={event.target} /> },
  { title: 'By', cell: (event) => event.user },
  { title: 'Message', width: 3, cell: (event) => <span title={event.message}>{event.message}</span> },
]

export function TaskTable({ target }: { target?: string }) {
  const tasks = useLive('list_tasks', { target, newest: true })
  const may = useMay()
  const { run } = useToasts()
  const cancel = (task: Task) => void run(`${t.cancel}: ${task.kind}`, () => call('cancel_task', { path: { name: task.name } }))
  return <VirtualTable label={t.nav.tasks!} items={[...tasks.items].reverse()} columns={taskColumns(may('operate') ? cancel : undefined)} ready={tasks.ready} more={tasks.more} loadMore={tasks.loadMore} />
}

export function EventTable({ target }: { target?: string }) {
  const events = useLive('list_events', { target, newest: true })
  return <VirtualTable label={t.nav.events!} items={[...events.items].reverse()} columns={eventColumns} ready={events.ready} more={events.more} loadMore={events.loadMore} />
}

export function EventLines({ count }: { count: number }) {
  const events = useLive('list_events', { newest: true }, count)
  return events.items.slice(-count).reverse().map((event) => (
    <Content key={event.name} component="small" className="truce-events" style={{ display: 'block' }}>
      {timeText(event.time)} <Target target={event.target} />: {event.message || event.kind}
    </Content>
  ))
}

export function Tasks() {
  return (
    <>
      <PageSection>
        <Title headingLevel="h1">{t.nav.tasks}</Title>
      </PageSection>
      <PageSection>
        <TaskTable />
      </PageSection>
    </>
  )
}

export function Events() {
  return (
    <>
      <PageSection>
        <Title headingLevel="h1">{t.nav.events}</Title>
      </PageSection>
      <PageSection>
        <EventTable />
      </PageSection>
    </>
  )
}
