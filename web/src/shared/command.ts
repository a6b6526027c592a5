// What the command line and the API would be told to do the same.
import { operations, fields, type Operations } from '../api/schema'
import { bytesText } from './format'

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}

function optionsOf(schema: string, body: Record<string, unknown>, skip: string[]): string[] {
  const words: string[] = []
  for (const [name, value] of Object.entries(body)) {
    const field = fields[schema]?.[name]
    if (!field || skip.includes(name) || value === undefined || value === '') continue
    const flag = `--${name.replaceAll('_', '-')}`
    if (field.kind === 'object') words.push(...optionsOf(field.object!, value as Record<string, unknown>, skip))
    else if (field.kind === 'map')
      for (const [key, item] of Object.entries(value as object)) words.push(flag, quoted(`${key}=${item}`))
    else if (field.file) words.push(flag, 'FILE')
    else if (Array.isArray(value)) for (const item of value) words.push(flag, quoted(String(item)))
    else if (value === true) words.push(flag)
    else if (value === false) words.push(`${flag}=false`)
    else words.push(flag, quoted(field.kind === 'bytes' ? bytesText(Number(value)) : String(value)))
  }
  return words
}

/** `truce vm create web01 --template tiny`, or nothing where there is no such command. */
export function commandFor(id: keyof Operations, schema: string, path: Record<string, string>, body: object): string {
  const cli = operations[id].cli
  if (!cli) return ''
  const values = { ...(body as Record<string, unknown>), ...path }
  const args = cli.args ?? []
  const words = args.map((name) => quoted(String(values[name] ?? name.toUpperCase())))
  return ['truce', cli.noun ?? '', cli.verb, ...words, ...optionsOf(schema, body as Record<string, unknown>, args)]
    .filter(Boolean)
    .join(' ')
}

/** `POST /v1/vms` and the body. */
export function apiFor(id: keyof Operations, path: Record<string, string>, body: object): string {
  const row = operations[id]
  const where = row.path.replace(/{(\w+)}/g, (_, name: string) => path[name] ?? `{${name}}`)
  return `${row.method} ${where}\n${JSON.stringify(body, null, 2)}`
}
