// What a new machine is made of, as the wizard puts it together.
import type { Operations } from '../../api/schema'
import { cleaned, type Values } from '../../shared/changes'

export type Source = 'template' | 'iso' | 'snapshot' | 'empty'
export const sources: Source[] = ['template', 'iso', 'snapshot', 'empty']

export interface Plan {
  source: Source
  /** As VmCreate has them. */
  values: Values
  /** The snapshot whose disks are copied. */
  vm: string
  snapshot: string
}

const gib = 2 ** 30
/** What suits an operating system that is to be installed; templates know better. */
const roomy: Values = { cpus: 2, memory: 2 * gib, disk: 20 * gib }

export const firstPlan: Plan = { source: 'template', values: { start: true }, vm: '', snapshot: '' }

/** The plan with another source: what only the old one had is forgotten, and what suits the new one is proposed. */
export function withSource(plan: Plan, source: Source): Plan {
  const { template: _, iso: __, clone: ___, ...kept } = plan.values
  const installed = source === 'iso' || source === 'empty'
  const proposed = Object.entries(roomy).filter(([name]) => (installed ? kept[name] === undefined : kept[name] === roomy[name]))
  return { ...plan, source, values: { ...kept, ...Object.fromEntries(proposed.map(([name, value]) => [name, installed ? value : undefined])) } }
}

/** Whether it is known what it is made from. */
export function hasSource({ source, values, vm, snapshot }: Plan): boolean {
  if (source === 'template') return Boolean(values.template)
  if (source === 'iso') return Boolean(values.iso)
  return source === 'empty' || (vm !== '' && snapshot !== '')
}

export interface Request {
  id: keyof Operations & ('create_vm' | 'clone_snapshot')
  schema: string
  path: Record<string, string>
  body: Values
}

/** What is sent. */
export function requestOf({ source, values, vm, snapshot }: Plan): Request {
  if (source !== 'snapshot') return { id: 'create_vm', schema: 'VmCreate', path: {}, body: cleaned(values) }
  return { id: 'clone_snapshot', schema: 'CloneOptions', path: { vm, name: snapshot }, body: cleaned({ new_name: values.name, start: values.start }) }
}
