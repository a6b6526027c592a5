// Series of measurements as numbers to draw and as words.
import type { Series, SeriesLine } from '../api/schema'
import { bytesText } from '../shared/format'

export type Points = (number | null)[]

/** The API's -1 means that nothing was measured. */
export const points = (values: number[]): Points => values.map((value) => (value < 0 ? null : value))

/** When each step begins, in seconds since 1970. */
export function timesOf(series: Series): number[] {
  const start = Date.parse(series.start) / 1000
  const steps = Math.max(0, ...series.lines.map((line) => line.average.length))
  return Array.from({ length: steps }, (_, step) => start + step * series.step_seconds)
}

export const lineOf = (series: Series, name: string): SeriesLine | undefined => series.lines.find((line) => line.name === name)

export interface Account {
  last: number
  least: number
  most: number
  average: number
}

/** What there is to say of a line; nothing, where nothing was measured. `maximum` are the peaks within the steps. */
export function accountOf(average: Points, maximum: Points = average): Account | undefined {
  const known = average.filter((value) => value !== null)
  const peaks = maximum.filter((value) => value !== null)
  if (known.length === 0) return undefined
  return {
    last: known.at(-1)!,
    least: Math.min(...known),
    most: Math.max(...known, ...peaks),
    average: known.reduce((sum, value) => sum + value, 0) / known.length,
  }
}

const rounded = (value: number) => (value >= 100 ? Math.round(value) : Math.round(value * 10) / 10)

/** A quantity for people: 12 %, 1.5GiB, 3MiB/s. */
export function quantityText(value: number, unit: string): string {
  if (unit === 'percent') return `${rounded(value)} %`
  if (unit === 'bytes') return bytesText(value)
  if (unit === 'bytes/s') return `${bytesText(value)}/s`
  return `${rounded(value)}${unit}`
}

/** The unit that the API gives a quantity of this name. */
export function unitOf(metric: string): string {
  if (metric.startsWith('cpu') || metric.startsWith('pressure') || metric.endsWith('percent')) return 'percent'
  if (metric === 'disk_iops') return '/s'
  return metric.startsWith('disk_') || metric.startsWith('net_') ? 'bytes/s' : 'bytes'
}

/** The sum of lines, each with its weight, step by step from the last one back; unknown where none of them is known. */
export function summed(lines: { values: Points; weight: number }[]): Points {
  const steps = Math.max(0, ...lines.map(({ values }) => values.length))
  return Array.from({ length: steps }, (_, step) => {
    const known = lines.map(({ values, weight }) => ({ value: values[values.length - steps + step], weight })).filter(({ value }) => typeof value === 'number')
    return known.length === 0 ? null : known.reduce((sum, { value, weight }) => sum + value! * weight, 0)
  })
}

/** Lines of a picture so wide and high, from the left bottom; a gap begins another one, and a lone value is a dot. */
export function strokes(values: Points, top: number, width: number, height: number): string[] {
  const found: string[] = []
  let now: string[] = []
  const end = () => {
    if (now.length > 0) found.push((now.length === 1 ? [...now, ...now] : now).join(' '))
    now = []
  }
  values.forEach((value, step) => {
    if (value === null) return end()
    const x = values.length > 1 ? (step * width) / (values.length - 1) : 0
    now.push(`${x.toFixed(1)},${(height - (value / (top || 1)) * height).toFixed(1)}`)
  })
  end()
  return found
}
