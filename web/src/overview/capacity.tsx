// What the estate has, what of it is promised to machines, and how much was used.
import { Card, CardBody, CardTitle } from '@patternfly/react-core'
import type { Summary } from '../api/schema'
import type { Points } from '../metrics/series'
import { Spark } from '../metrics/spark'
import { bytesText } from '../shared/format'
import { Meter } from '../shared/meter'
import { t } from '../strings'
import type { Trend } from './trend'

const words = t.overview

interface Props {
  title: string
  total: number
  given: number
  givenText: (text: string) => string
  used?: number
  text: (value: number) => string
  values?: Points
  unit: string
  top: number
  note?: string
}

function Capacity({ title, total, given, givenText, used, text, values, unit, top, note }: Props) {
  return (
    <Card isCompact isFullHeight>
      <CardTitle component="h2">{title}</CardTitle>
      <CardBody>
        <Meter
          title={title}
          total={{ value: total, text: words.ofAll(text(total)) }}
          given={{ value: given, text: givenText(text(given)) }}
          used={used === undefined ? undefined : { value: used, text: words.used(text(used)) }}
        />
        {values && <Spark title={words.lastWeek} values={values} unit={unit} top={top} />}
        {note && <div className="truce-subtle">{note}</div>}
      </CardBody>
    </Card>
  )
}

const lastOf = (values?: Points) => values?.findLast((value) => value !== null) ?? undefined
const cpusText = (count: number) => `${Math.round(count * 10) / 10}`

export function Capacities({ summary, trend, note }: { summary: Summary; trend?: Trend; note?: string }) {
  const busy = lastOf(trend?.cpu)
  return (
    <>
      <Capacity title={words.processors} total={summary.cpus} given={summary.cpus_given} givenText={words.given} text={cpusText}
        used={busy === undefined ? undefined : (busy / 100) * summary.cpus} values={trend?.cpu} unit="percent" top={100} note={note} />
      <Capacity title={words.memory} total={summary.memory} given={summary.memory_given} givenText={words.given} text={bytesText}
        used={lastOf(trend?.memory)} values={trend?.memory} unit="bytes" top={summary.memory} note={note} />
      <Capacity title={words.storage} total={summary.storage} given={summary.storage_promised} givenText={words.promised} text={bytesText}
        used={summary.storage - summary.storage_free} values={trend?.storage} unit="bytes" top={summary.storage} note={note} />
    </>
  )
}
