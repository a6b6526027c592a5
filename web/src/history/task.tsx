// One task: what it does, step by step.
import { Alert, Breadcrumb, BreadcrumbItem, Button, Content, EmptyState, PageSection, Progress, ProgressStep, ProgressStepper, Title } from '@patternfly/react-core'
import type { ReactNode } from 'react'
import { Link, useParams } from 'react-router'
import { call } from '../api/client'
import { useOne } from '../api/one'
import type { Task } from '../api/schema'
import { useMay } from '../session/session'
import { durationText, timeText } from '../shared/format'
import { Loading } from '../shared/loading'
import { State } from '../shared/state'
import { Target } from '../shared/target'
import { useToasts } from '../shared/toasts'
import { t } from '../strings'

const source = { list: 'list_tasks', get: 'get_task' } as const

const seconds = (from: string, to: string) => (Date.parse(to) - Date.parse(from)) / 1000

function variantOf(task: Task, last: boolean) {
  if (!last || task.state === 'succeeded') return 'success'
  if (task.state === 'failed') return 'danger'
  return task.state === 'cancelled' ? 'warning' : 'info'
}

function Steps({ task }: { task: Task }) {
  if (task.steps.length === 0) return <Content component="p">{t.task.noSteps}</Content>
  return (
    <ProgressStepper isVertical aria-label={t.task.steps}>
      {task.steps.map((step, index) => {
        const last = index === task.steps.length - 1
        return (
          <ProgressStep key={index} id={`step-${index}`} titleId={`step-${index}-title`} variant={variantOf(task, last)} isCurrent={last && task.state === 'running'}
            aria-label={`${step.text}: ${last ? task.state : 'done'}`} description={`${timeText(step.time)}, ${t.task.since} ${durationText(seconds(task.created, step.time))}`}>
            {step.text}
          </ProgressStep>
        )
      })}
    </ProgressStepper>
  )
}

function Facts({ task }: { task: Task }) {
  const facts: [string, ReactNode][] = [
    [t.task.of, <Target target={task.target} />],
    [t.task.by, task.user],
    [t.task.begun, timeText(task.created)],
    [t.task.ended, timeText(task.ended)],
    [t.task.took, task.ended && durationText(seconds(task.created, task.ended))],
    [t.task.request, task.request],
  ]
  return (
    <dl className="pf-v6-c-description-list pf-m-horizontal pf-m-compact">
      {facts.filter(([, value]) => value).map(([title, value]) => (
        <div key={title} className="pf-v6-c-description-list__group">
          <dt className="pf-v6-c-description-list__term">{title}</dt>
          <dd className="pf-v6-c-description-list__description">{value}</dd>
        </div>
      ))}
    </dl>
  )
}

function TaskView({ task }: { task: Task }) {
  const may = useMay()
  const { run } = useToasts()
  const open = task.state === 'running' || task.state === 'queued'
  const cancel = () => void run(`${t.cancel}: ${task.kind}`, () => call('cancel_task', { path: { name: task.name } }))
  return (
    <>
      {task.error && <Alert isInline variant={task.state === 'cancelled' ? 'warning' : 'danger'} title={task.error} />}
      {open && task.cancel && <Alert isInline variant="info" title={t.task.cancelling} />}
      {open && <Progress aria-label={t.task.progress} title={task.step} value={Math.round(task.progress * 100)} />}
      {open && may('operate') && (
        <div className="truce-actions">
          <Button variant="secondary" isDanger isDisabled={task.cancel} onClick={cancel}>
            {t.task.cancel}
          </Button>
        </div>
      )}
      <Facts task={task} />
      <Title headingLevel="h2" className="truce-part">
        {t.task.steps}
      </Title>
      <Steps task={task} />
    </>
  )
}

export function TaskPage() {
  const { name = '' } = useParams()
  const { item: task, ready, error } = useOne<Task>(source, name)
  if (!ready) return <Loading />
  return (
    <>
      <PageSection>
        <Breadcrumb>
          <BreadcrumbItem>
            <Link to="/tasks">{t.nav.tasks}</Link>
          </BreadcrumbItem>
          <BreadcrumbItem isActive>{name}</BreadcrumbItem>
        </Breadcrumb>
        {task && (
          <Title headingLevel="h1">
            {task.kind} <State value={task.state} />
          </Title>
        )}
      </PageSection>
      <PageSection>
        {error && <Alert isInline variant="danger" title={error} />}
        {!task && !error && <EmptyState titleText={t.object.notFound(name)} headingLevel="h1" />}
        {task && <TaskView task={task} />}
      </PageSection>
    </>
  )
}
