import { Link } from 'react-router'
import { linkOf } from './links'

/** What a task, an event or an alarm is about, as a link where the page shows such things. */
export function Target({ target }: { target: string }) {
  const to = linkOf(target)
  return to ? <Link to={to}>{target.slice(target.indexOf('/') + 1)}</Link> : target
}
