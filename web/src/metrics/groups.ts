// Which quantities are drawn into one picture: those of one unit that are compared.
import type { Series, SeriesLine } from '../api/schema'
import { titleOf } from '../shared/format'
import { t } from '../strings'

export interface Group {
  title: string
  unit: string
  lines: SeriesLine[]
}

const together: { title: string; names: string[] }[] = [
  { title: t.metrics.processors, names: ['cpu', 'cpu_iowait', 'cpu_steal'] },
  { title: t.metrics.memory, names: ['memory', 'memory_guest', 'swap'] },
  { title: t.metrics.disks, names: ['disk_read', 'disk_write'] },
  { title: t.metrics.operations, names: ['disk_iops'] },
  { title: t.metrics.network, names: ['net_receive', 'net_send'] },
  { title: t.metrics.pressure, names: ['pressure_cpu', 'pressure_memory', 'pressure_io'] },
  { title: t.metrics.space, names: ['used', 'allocated', 'free'] },
]
/** They say in percent what is drawn in bytes. */
const sameAgain = new Set(['memory_percent', 'used_percent'])

export function groupsOf(series: Series): Group[] {
  const left = new Map(series.lines.filter((line) => !sameAgain.has(line.name)).map((line) => [line.name, line]))
  const groups: Group[] = []
  for (const { title, names } of together) {
    const lines = names.map((name) => left.get(name)).filter((line) => line !== undefined)
    lines.forEach((line) => left.delete(line.name))
    if (lines.length > 0) groups.push({ title, unit: lines[0]!.unit, lines })
  }
  for (const line of left.values()) groups.push({ title: titleOf(line.name), unit: line.unit, lines: [line] })
  return groups
}

/** Whether the peaks say something that the averages do not. */
export const hasPeaks = (line: SeriesLine) => line.maximum.some((value, step) => value !== line.average[step])
