import { Alert, Button, Label } from '@patternfly/react-core'
import { call } from '../api/client'
import { useLive } from '../api/live'
import type { Session } from '../api/schema'
import { useSession } from '../session/session'
import { timeText } from '../shared/format'
import { VirtualTable } from '../shared/table'
import { useToasts } from '../shared/toasts'
import { t } from '../strings'

/** Where the user has signed in, each with a button that ends it. */
export function OwnSessions() {
  const { user, server } = useSession()
  const { run } = useToasts()
  const list = useLive('list_sessions', {}, 1000)
  const own = list.items.filter((session) => session.user === user)
  const isThis = (session: Session) => session.expires === server.session_expires
  const end = (session: Session) => void run(t.account.ended, () => call('delete_session', { path: { name: session.name } }))
  return (
    <>
      {list.error && <Alert isInline variant="danger" title={list.error} />}
      <VirtualTable label={t.account.sessions} items={own} ready={list.ready} more={list.more} loadMore={list.loadMore} columns={[
          { title: t.account.from, cell: (session) => <>{session.address} {isThis(session) && <Label isCompact color="green">{t.account.thisOne}</Label>}</> },
          { title: t.account.browser, width: 2, cell: (session) => <span title={session.agent}>{session.agent}</span> },
          { title: t.account.since, cell: (session) => timeText(session.created) },
          { title: t.account.until, cell: (session) => timeText(session.expires) },
          { title: '', width: 0.5, cell: (session) => <Button variant="link" isInline isDanger onClick={() => end(session)}>{t.account.end}</Button> },
        ]} />
    </>
  )
}
