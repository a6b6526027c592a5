// What the search offers: pure, so that it can be tested without a page.
import type { SearchHit } from '../api/schema'
import { placeOf } from '../shared/links'
import { t } from '../strings'

/** Something to go to. */
export interface Choice {
  to: string
  title: string
  /** What else is said of it: where the text was found. */
  why?: string
}

export interface Group {
  title: string
  choices: Choice[]
}

/** Views whose name has the text in it. */
export function viewsNamed(text: string, paths: string[]): Choice[] {
  const wanted = text.trim().toLowerCase()
  return paths
    .filter((path) => (t.nav[path] ?? '').toLowerCase().includes(wanted))
    .map((path) => ({ to: path === 'overview' ? '/' : `/${path}`, title: t.nav[path]! }))
}

function titleOfKind(kind: string): string {
  return t.nav[kind === 'vms' ? 'machines' : kind] ?? kind
}

/** Hits by their kind, in the order in which the server ranks the best of each; what has no place in the page is left out. */
export function grouped(hits: SearchHit[]): Group[] {
  const groups = new Map<string, Choice[]>()
  for (const { kind, name, project, field, found } of hits) {
    const to = placeOf(kind, name)
    if (!to) continue
    const why = [field && `${field.replaceAll('_', ' ')}: ${found}`, project && project !== 'default' && `${t.search.project} ${project}`].filter(Boolean).join(', ')
    groups.set(kind, [...(groups.get(kind) ?? []), { to, title: name, why }])
  }
  return [...groups].map(([kind, choices]) => ({ title: titleOfKind(kind), choices }))
}

/** The page of the object that an address shows, if people know such objects by name. */
export function placeIn(pathname: string, named: Set<string>): Choice | undefined {
  const [, page = '', name = ''] = pathname.split('/')
  if (!name || !named.has(page)) return undefined
  return { to: `/${page}/${name}`, title: decodeURIComponent(name), why: t.nav[page] }
}

const kept = 8

/** The places seen last, the newest first. */
export function seenNow(before: Choice[], place: Choice): Choice[] {
  return [place, ...before.filter((each) => each.to !== place.to)].slice(0, kept)
}
