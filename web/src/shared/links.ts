import { nouns } from '../objects/nouns'
import { t } from '../strings'

const pages = new Map([['vms', 'machines'], ['tasks', 'tasks'], ...nouns.map(({ path }) => [path, path] as const)])

/** Where the page shows an object of a kind, as the API's paths name kinds; nothing where it has no place. */
export function placeOf(kind: string, name: string): string | undefined {
  const page = pages.get(kind)
  return page && name ? `/${page}/${encodeURIComponent(name)}` : undefined
}

/** The same for a target as tasks and events have them: `vms/web01`, `vms/web01/disks/disk1`. */
export function linkOf(target: string): string | undefined {
  const [kind = '', name = '', part = ''] = target.split('/')
  const place = placeOf(kind, name)
  const tab = ({ disks: 'disks', nics: 'cards', snapshots: 'snapshots' } as Record<string, string>)[part]
  return place && kind === 'vms' && tab ? `${place}/${tab}` : place
}

/** What the window of a view is called: what it shows, then the view, then the product. */
export function titleOfPlace(pathname: string): string {
  const [, view = '', name = ''] = pathname.split('/')
  return [decodeURIComponent(name), t.nav[view || 'overview'], t.product].filter(Boolean).join(' · ')
}
