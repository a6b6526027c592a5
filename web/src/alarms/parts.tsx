// What alarms have beyond other objects: for what they are raised, and a test of whom they tell.
import { ActionListItem, Alert, Button, Modal, ModalBody, ModalFooter, ModalHeader, ModalVariant, Title } from '@patternfly/react-core'
import { useState } from 'react'
import { Link } from 'react-router'
import { call } from '../api/client'
import { useLive } from '../api/live'
import type { Alarm, AlarmTest, RaisedAlarm } from '../api/schema'
import type { Item } from '../objects/objects'
import { useMay } from '../session/session'
import { timeText } from '../shared/format'
import { VirtualTable, type Column } from '../shared/table'
import { Target } from '../shared/target'
import { useToasts } from '../shared/toasts'
import { t } from '../strings'
import { conditionText, measuredText } from './condition'
import { Severity } from './severity'

interface Raised extends RaisedAlarm {
  name: string
  alarm: Alarm
}

const raisedOf = (alarm: Alarm): Raised[] => alarm.raised.map((raised) => ({ ...raised, name: `${alarm.name} ${raised.target}`, alarm }))
const linkTo = (alarm: Alarm) => <Link to={`/alarms/${encodeURIComponent(alarm.name)}`}>{alarm.name}</Link>

const whatIsRaised: Column<Raised>[] = [
  { title: 'Of', width: 1.5, cell: ({ target }) => <Target target={target} /> },
  { title: 'Measured', width: 0.8, wide: true, cell: ({ alarm, value }) => measuredText(alarm, value) },
  { title: 'Since', width: 1.3, cell: ({ since }) => timeText(since) },
]
const raisedColumns: Column<Raised>[] = [
  { title: 'Severity', width: 0.7, cell: ({ alarm }) => <Severity value={alarm.severity} /> },
  whatIsRaised[0]!,
  { title: 'Alarm', wide: true, cell: ({ alarm }) => linkTo(alarm) },
  { title: 'When', width: 1.6, wide: true, cell: ({ alarm }) => conditionText(alarm) },
  ...whatIsRaised.slice(1),
]

const whole = (text: string) => <span title={text}>{text}</span>
const ofAlarm = (cell: (alarm: Alarm) => React.ReactNode) => (item: Item) => cell(item as unknown as Alarm)

export const alarmColumns: Column<Item>[] = [
  { title: 'Name', cell: ofAlarm(linkTo) },
  { title: 'Severity', width: 0.7, cell: ofAlarm((alarm) => <Severity value={alarm.severity} />) },
  { title: 'When', width: 1.8, cell: ofAlarm((alarm) => whole(alarm.disabled ? `${conditionText(alarm)} (${t.alarms.off})` : conditionText(alarm))) },
  { title: 'Only', wide: true, cell: ofAlarm((alarm) => [alarm.label, alarm.project].filter(Boolean).join(', ')) },
  { title: 'Tells', width: 1.8, wide: true, cell: ofAlarm((alarm) => whole([...alarm.mail, ...alarm.webhook].join(', '))) },
  { title: 'Raised', width: 0.5, wide: true, cell: ofAlarm((alarm) => alarm.raised_count || '') },
]

/** All for which alarms are raised, the worst and the newest first. */
export function RaisedNow() {
  const alarms = useLive('list_alarms')
  const rows = alarms.items.flatMap(raisedOf).sort((a, b) => Number(b.alarm.severity === 'critical') - Number(a.alarm.severity === 'critical') || b.since.localeCompare(a.since))
  return (
    <>
      <Title headingLevel="h2" size="lg">
        {t.alarms.raisedNow}
      </Title>
      <div data-testid="raised" className="truce-part">
        {alarms.ready && rows.length === 0 ? t.alarms.quiet : <VirtualTable label={t.alarms.raisedNow} items={rows} ready={alarms.ready} columns={raisedColumns} />}
      </div>
      <Title headingLevel="h2" size="lg" className="truce-part">
        {t.nav.alarms}
      </Title>
    </>
  )
}

/** For what one alarm is raised. */
export function RaisedOf({ alarm }: { alarm: Alarm }) {
  return (
    <>
      <Title headingLevel="h2" size="lg" className="truce-part">
        {t.alarms.raisedNow}
      </Title>
      {alarm.raised.length === 0 ? t.alarms.quiet : <VirtualTable label={t.alarms.raisedNow} items={raisedOf(alarm)} ready columns={whatIsRaised} />}
    </>
  )
}

function Tested({ test, close }: { test: AlarmTest; close: () => void }) {
  return (
    <Modal isOpen variant={ModalVariant.small} onClose={close} aria-label={t.alarms.tested}>
      <ModalHeader title={t.alarms.tested} />
      <ModalBody>
        {test.items.map(({ to, error }) => (
          <Alert key={to} isInline isPlain variant={error ? 'danger' : 'success'} title={`${to}: ${error || t.alarms.sent}`} />
        ))}
      </ModalBody>
      <ModalFooter>
        <Button onClick={close}>{t.close}</Button>
      </ModalFooter>
    </Modal>
  )
}

export function AlarmActions({ name }: { name: string }) {
  const [test, setTest] = useState<AlarmTest | null>(null)
  const [busy, setBusy] = useState(false)
  const { say } = useToasts()
  const may = useMay()
  if (!may('administer')) return null
  const send = async () => {
    setBusy(true)
    try {
      setTest(await call('test_alarm', { path: { name } }))
    } catch (error) {
      say('danger', t.alarms.test, (error as Error).message)
    }
    setBusy(false)
  }
  return (
    <ActionListItem>
      <Button variant="secondary" isLoading={busy} isDisabled={busy} onClick={() => void send()}>
        {t.alarms.test}
      </Button>
      {test && <Tested test={test} close={() => setTest(null)} />}
    </ActionListItem>
  )
}
