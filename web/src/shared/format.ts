const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']

/** As truce writes sizes: 512MiB, 1.5GiB. */
export function bytesText(count: number): string {
  let unit = 0
  while (count >= 1024 && unit < units.length - 1) {
    count /= 1024
    unit += 1
  }
  const rounded = Math.round(count * 10) / 10
  return `${rounded}${units[unit]}`
}

/** Reads 512MiB, 1.5 GiB, 20G or plain bytes; undefined when it is none of these. */
export function parseBytes(text: string): number | undefined {
  const found = /^\s*(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?\s*$/i.exec(text)
  if (!found) return undefined
  const power = ['', 'k', 'm', 'g', 't'].indexOf(found[2]!.toLowerCase())
  return Math.round(Number(found[1]) * 1024 ** power)
}

/** A moment as people here write it. */
export function timeText(moment: string | undefined): string {
  return moment ? new Date(moment).toLocaleString(undefined, { dateStyle: 'short', timeStyle: 'medium' }) : ''
}

/** How long something takes, in its two largest units: 1 h 5 min, 12.3 s. */
export function durationText(seconds: number): string {
  if (seconds < 60) return `${Math.round(seconds * 10) / 10} s`
  const minutes = Math.round(seconds / 60)
  if (seconds < 600) return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`
  if (minutes < 60) return `${minutes} min`
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** Whatever a field holds, for a cell of a table. `kind` is the schema's, where it is known. */
export function cellText(value: unknown, bytes = false): string {
  if (value === undefined || value === null) return ''
  if (bytes && typeof value === 'number') return bytesText(value)
  if (typeof value === 'string') return /^\d{4}-\d\d-\d\dT/.test(value) ? timeText(value) : value
  if (Array.isArray(value)) return value.map((item) => cellText(item)).join(', ')
  if (typeof value === 'object')
    return Object.entries(value).map(([key, item]) => `${key}=${cellText(item)}`).join(', ')
  return String(value)
}

/** Names that are no words. */
const spelled: Record<string, string> = { totp: 'Second factor', sha256: 'SHA-256', uuid: 'UUID', mac: 'MAC', cpus: 'CPUs', iso: 'ISO', subnet6: 'IPv6 subnet', address6: 'IPv6 address' }

/** snake_case as a title. */
export function titleOf(name: string): string {
  if (spelled[name]) return spelled[name]
  const words = name.replaceAll('_', ' ').replaceAll('-', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}
