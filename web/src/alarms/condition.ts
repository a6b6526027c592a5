import type { Alarm } from '../api/schema'
import { quantityText, unitOf } from '../metrics/series'

const minute = 60
const hour = 3600

/** 90 s, 5 min, 2 h. */
export function durationText(seconds: number): string {
  if (seconds >= hour && seconds % hour === 0) return `${seconds / hour} h`
  return seconds >= minute && seconds % minute === 0 ? `${seconds / minute} min` : `${seconds} s`
}

/** When an alarm is raised, in words: "cpu above 90 % for 5 min". */
export function conditionText(alarm: Alarm): string {
  const during = alarm.for_seconds > 0 ? ` for ${durationText(alarm.for_seconds)}` : ''
  if (alarm.state) return `${alarm.subject} ${alarm.state === 'problem' ? 'has a problem' : `is ${alarm.state}`}${during}`
  const unit = unitOf(alarm.metric)
  const limit = alarm.above !== undefined ? `above ${quantityText(alarm.above, unit)}` : `below ${quantityText(alarm.below ?? 0, unit)}`
  return `${alarm.metric} ${limit}${during}`
}

/** What was measured when it was raised. */
export const measuredText = (alarm: Alarm, value: number) => (alarm.metric ? quantityText(value, unitOf(alarm.metric)) : '')
