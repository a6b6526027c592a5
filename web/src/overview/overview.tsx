// What is there, what is wrong and what happens now.
import './overview.css'
import { Alert, Card, CardBody, CardTitle, Flex, FlexItem, Gallery, PageSection, Progress, Title } from '@patternfly/react-core'
import { Link } from 'react-router'
import { call } from '../api/client'
import { useLive } from '../api/live'
import { useReading } from '../api/reading'
import type { Summary } from '../api/schema'
import { EventLines } from '../history/history'
import { Loading } from '../shared/loading'
import { State } from '../shared/state'
import { t } from '../strings'
import { Capacities } from './capacity'
import { useTrend } from './trend'
import { Wrong } from './wrong'

const shownEvents = 8
const shownHosts = 6
const shownTasks = 10
const readSummary = () => call('get_summary')
const changesSummary = ['vms', 'hosts', 'pools', 'networks']

function Machines({ summary }: { summary: Summary }) {
  return (
    <Card isCompact isFullHeight>
      <CardTitle component="h2">
        <Link to="/machines">{t.overview.machines}</Link>
      </CardTitle>
      <CardBody data-testid="machine-states">
        <div className="truce-number">{summary.vms.toLocaleString()}</div>
        <Flex columnGap={{ default: 'columnGapMd' }}>
          {summary.states.map(({ state, count }) => (
            <FlexItem key={state}>
              <Link to={`/machines?observed=${state}`}>
                <State value={state} /> {count.toLocaleString()}
              </Link>
            </FlexItem>
          ))}
        </Flex>
      </CardBody>
    </Card>
  )
}

function Hosts({ count }: { count: number }) {
  const hosts = useLive('list_hosts', {}, shownHosts)
  return (
    <Card isCompact isFullHeight>
      <CardTitle component="h2">
        <Link to="/hosts">{t.overview.hosts}</Link>
      </CardTitle>
      <CardBody>
        <div className="truce-number">{count.toLocaleString()}</div>
        <Flex columnGap={{ default: 'columnGapMd' }}>
          {hosts.items.slice(0, shownHosts).map((host) => (
            <FlexItem key={host.name}>
              <Link to={`/hosts/${host.name}`}>
                <State value={host.state === 'offline' && host.sleep !== 'awake' ? host.sleep : host.state} /> {host.name}
              </Link>
            </FlexItem>
          ))}
        </Flex>
      </CardBody>
    </Card>
  )
}

function Running() {
  const tasks = useLive('list_tasks', { state: 'running' }, shownTasks)
  if (!tasks.ready) return null
  if (tasks.items.length === 0) return t.overview.noTasks
  return tasks.items.slice(0, shownTasks).map((task) => (
    <Progress key={task.name} title={`${task.kind} ${task.target} ${task.step}`} value={Math.round(task.progress * 100)} size="sm" />
  ))
}

function Glance({ summary }: { summary: Summary }) {
  const { trend, error } = useTrend()
  const note = error || (trend === null ? t.overview.tooMany : undefined)
  return (
    <Gallery hasGutter minWidths={{ default: '100%', md: '17rem' }}>
      <Machines summary={summary} />
      <Hosts count={summary.hosts} />
      <Card isCompact isFullHeight>
        <CardTitle component="h2">{t.overview.running}</CardTitle>
        <CardBody>
          <Running />
        </CardBody>
      </Card>
      <Card isCompact className="truce-all">
        <CardTitle component="h2">{t.overview.problems}</CardTitle>
        <CardBody data-testid="problems">
          <Wrong summary={summary} />
        </CardBody>
      </Card>
      <Capacities summary={summary} trend={trend ?? undefined} note={note} />
      <Card isCompact className="truce-all">
        <CardTitle component="h2">{t.overview.events}</CardTitle>
        <CardBody>
          <EventLines count={shownEvents} />
        </CardBody>
      </Card>
    </Gallery>
  )
}

export function Overview() {
  const { value, error } = useReading(readSummary, changesSummary)
  return (
    <>
      <PageSection>
        <Title headingLevel="h1">{t.nav.overview}</Title>
      </PageSection>
      <PageSection>
        {error && <Alert isInline variant="danger" title={error} />}
        {value && <Glance summary={value} />}
        {!value && !error && <Loading />}
      </PageSection>
    </>
  )
}
