// One picture of quantities over time. uPlot draws; it comes only where it is looked at.
import 'uplot/dist/uPlot.min.css'
import { useEffect, useRef } from 'react'
import uPlot from 'uplot'
import { timeText } from '../shared/format'
import { useDark } from '../shared/theme'
import { t } from '../strings'
import { hasPeaks, type Group } from './groups'
import { accountOf, points, quantityText } from './series'

const height = 190
const day = 86_400
const labelWidth = 78
/** Steps of an axis of bytes: powers of two, so that its labels are round. */
const powers = Array.from({ length: 51 }, (_, power) => 2 ** power)

const time = (seconds: number, style: Intl.DateTimeFormatOptions) => new Date(seconds * 1000).toLocaleString(undefined, style)

function timeLabels(_: uPlot, splits: number[], __: number, ___: number, step: number): string[] {
  let before = ''
  return splits.map((moment) => {
    const date = time(moment, { day: 'numeric', month: 'short' })
    const clock = time(moment, { hour: '2-digit', minute: '2-digit', hour12: false })
    const text = step >= day ? date : date === before ? clock : `${clock}\n${date}`
    before = date
    return text
  })
}

function words(group: Group): string {
  const told = group.lines.map((line) => {
    const account = accountOf(points(line.average), points(line.maximum))
    const text = account && t.metrics.account(quantityText(account.average, group.unit), quantityText(account.least, group.unit), quantityText(account.most, group.unit))
    return `${line.name}: ${text ?? t.metrics.nothingYet}`
  })
  return `${group.title}. ${told.join('; ')}`
}

function optionsOf(group: Group, width: number): uPlot.Options {
  const style = getComputedStyle(document.documentElement)
  const color = (name: string) => style.getPropertyValue(name).trim()
  const ink = color('--pf-t--global--text--color--subtle')
  const value = (_: uPlot, number: number | null) => (number === null ? '–' : quantityText(number, group.unit))
  const axis = { stroke: ink, grid: { stroke: color('--truce-grid'), width: 1 }, ticks: { show: false } }
  const drawn = group.lines.flatMap((line, index): uPlot.Series[] => {
    const stroke = color(`--truce-line-${(index % 4) + 1}`)
    const dash = [[], [8, 3], [2, 3], [8, 3, 2, 3]][index % 4]
    const average = { label: line.name, stroke, width: 2, dash, value, points: { show: false } }
    return hasPeaks(line) ? [average, { ...average, label: t.metrics.peak(line.name), width: 1, dash: [2, 4] }] : [average]
  })
  return {
    width,
    height,
    series: [{ label: t.metrics.time, value: (_, moment) => (moment === null ? '–' : timeText(new Date(moment * 1000).toISOString())) }, ...drawn],
    axes: [
      { ...axis, values: timeLabels, space: 70 },
      { ...axis, size: labelWidth, values: (_, splits) => splits.map((split) => quantityText(split, group.unit)), ...(group.unit.startsWith('bytes') ? { incrs: powers } : {}) },
    ],
    scales: { y: { range: (_, __, most) => [0, (most || 1) * 1.08] } },
    cursor: { sync: { key: 'truce' }, drag: { x: false, y: false } },
  }
}

function dataOf(times: number[], group: Group): uPlot.AlignedData {
  const columns = group.lines.flatMap((line) => (hasPeaks(line) ? [line.average, line.maximum] : [line.average]))
  return [times, ...columns.map(points)]
}

export default function Chart({ times, group }: { times: number[]; group: Group }) {
  const frame = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | null>(null)
  const latest = useRef<uPlot.AlignedData>([[]])
  latest.current = dataOf(times, group)
  const dark = useDark()
  // A picture is made anew when other lines are drawn, or in other colours; new data go into the one that is there.
  const shape = `${dark} ${group.title} ${group.lines.map((line) => `${line.name}${hasPeaks(line)}`).join()}`
  const kind = useRef(group)
  kind.current = group
  useEffect(() => {
    const made = new uPlot(optionsOf(kind.current, frame.current!.clientWidth), latest.current, frame.current!)
    plot.current = made
    const resized = new ResizeObserver(() => made.setSize({ width: frame.current?.clientWidth ?? made.width, height }))
    resized.observe(frame.current!)
    return () => {
      resized.disconnect()
      made.destroy()
      plot.current = null
    }
  }, [shape])
  useEffect(() => plot.current?.setData(latest.current), [times, group])
  return <div ref={frame} className="truce-chart" role="img" aria-label={words(group)} data-testid={`chart-${group.lines[0]?.name}`} />
}
