type Fields = Record<string, unknown>

const equal = ['project', 'observed', 'state', 'target', 'host']

function hasLabel(labels: Record<string, string>, wanted: string): boolean {
  const equals = wanted.indexOf('=')
  if (equals < 0) return wanted in labels
  return labels[wanted.slice(0, equals)] === wanted.slice(equals + 1)
}

function hasCard(nics: unknown, network: string): boolean {
  return Array.isArray(nics) && nics.some((nic: { network?: string }) => nic.network === network)
}

/** Whether an object belongs to a list with this query: what the server decides for pages, decided for changes. */
export function fits(object: object, query: Fields): boolean {
  const fields = object as Fields
  if (equal.some((key) => query[key] && key in fields && fields[key] !== query[key])) return false
  if (query.contains && !String(fields.name).includes(String(query.contains))) return false
  if (query.network && !hasCard(fields.nics, String(query.network))) return false
  return !query.label || hasLabel((fields.labels ?? {}) as Record<string, string>, String(query.label))
}
