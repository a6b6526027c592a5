// What is wrong now, the worst first, and what to do about it.
import { conditionText, measuredText } from '../alarms/condition'
import { Severity } from '../alarms/severity'
import { useLive } from '../api/live'
import type { Alarm, AlarmSeverity, EstateProblem, Summary } from '../api/schema'
import { timeText } from '../shared/format'
import { Target } from '../shared/target'
import { t } from '../strings'

interface Row {
  key: string
  severity: AlarmSeverity
  target: string
  message: string
  advice: string
  since?: string
}

function ofAlarm(alarm: Alarm): Row[] {
  return alarm.raised.map(({ target, since, value }) => {
    const measured = measuredText(alarm, value)
    return { key: `${alarm.name} ${target}`, severity: alarm.severity, target, message: `${alarm.name}: ${conditionText(alarm)}${measured && ` (${measured})`}`, advice: '', since }
  })
}

const ofProblem = (problem: EstateProblem): Row => ({ ...problem, key: `${problem.target} ${problem.message}` })

export function Wrong({ summary }: { summary: Summary }) {
  const alarms = useLive('list_alarms')
  const rows = [...alarms.items.flatMap(ofAlarm), ...summary.problems.map(ofProblem)].sort((a, b) => Number(b.severity === 'critical') - Number(a.severity === 'critical'))
  const more = summary.problem_count - summary.problems.length
  if (rows.length === 0) return t.overview.nothingWrong
  return (
    <ul className="truce-wrong">
      {rows.map((row) => (
        <li key={row.key}>
          <Severity value={row.severity} /> <Target target={row.target} />: {row.message}{' '}
          {row.since && <span className="truce-subtle">{t.overview.since(timeText(row.since))}</span>}
          {row.advice && <div className="truce-advice">{row.advice}</div>}
        </li>
      ))}
      {more > 0 && <li>{t.bulk.moreFailed(more)}</li>}
    </ul>
  )
}
