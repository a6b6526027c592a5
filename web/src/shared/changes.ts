// What forms send.
import { fields } from '../api/schema'

export type Values = Record<string, unknown>

/** What is sent: without what was left empty. */
export function cleaned(values: Values): Values {
  const kept: Values = {}
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined || value === '') continue
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      const inner = cleaned(value as Values)
      if (Object.keys(inner).length > 0) kept[name] = inner
    } else kept[name] = value
  }
  return kept
}

/** What a change begins with: the fields as they are. */
export function present(schema: string, item: object): Values {
  const known = item as Values
  return Object.fromEntries(Object.keys(fields[schema] ?? {}).filter((key) => key in known).map((key) => [key, known[key]]))
}

function emptied(value: unknown): unknown {
  if (typeof value === 'string' && value !== '') return ''
  if (Array.isArray(value) && value.length > 0) return []
  return undefined
}

/** What differs from before: the rest stays. A text or a list that is no longer there has been emptied. */
export function changed(before: Values, after: Values): Values {
  const news = Object.entries(after).filter(([key, value]) => JSON.stringify(before[key]) !== JSON.stringify(value))
  const gone = Object.entries(before).flatMap(([key, value]) => (key in after || emptied(value) === undefined ? [] : [[key, emptied(value)]]))
  return Object.fromEntries([...news, ...gone])
}
