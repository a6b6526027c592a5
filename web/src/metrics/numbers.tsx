import type { Series } from '../api/schema'
import { VirtualTable } from '../shared/table'
import { timeText, titleOf } from '../shared/format'
import { t } from '../strings'
import { hasPeaks } from './groups'
import { quantityText, timesOf } from './series'

interface Step {
  name: string
  step: number
}

/** A series as a table, the newest first, for those who do not see pictures or want the numbers. */
export function Numbers({ series }: { series: Series }) {
  const steps: Step[] = timesOf(series).map((time, step) => ({ name: new Date(time * 1000).toISOString(), step })).reverse()
  const text = (values: number[], step: number, unit: string) => {
    const value = values[step] ?? -1
    return value < 0 ? '' : quantityText(value, unit)
  }
  const columns = series.lines.flatMap((line) => [
    { title: titleOf(line.name), cell: ({ step }: Step) => text(line.average, step, line.unit) },
    ...(hasPeaks(line) ? [{ title: titleOf(t.metrics.peak(line.name)), wide: true, cell: ({ step }: Step) => text(line.maximum, step, line.unit) }] : []),
  ])
  return <VirtualTable label={t.metrics.title} items={steps} ready columns={[{ title: t.metrics.time, width: 1.6, cell: ({ name }) => timeText(name) }, ...columns]} height="60vh" />
}
