// What is being sent is said wherever one is, and its end as well.
import { Alert, AlertActionCloseButton } from '@patternfly/react-core'
import { useEffect } from 'react'
import { Link, useLocation } from 'react-router'
import { useToasts } from '../shared/toasts'
import { t } from '../strings'
import { stopSending, useSendings } from './sendings'

export function Sendings() {
  const sendings = useSendings()
  const { pathname } = useLocation()
  const { follow } = useToasts()
  const open = sendings.some((sending) => sending.open)
  useEffect(() => {
    if (!open) return
    const warn = (event: BeforeUnloadEvent) => event.preventDefault()
    addEventListener('beforeunload', warn)
    return () => removeEventListener('beforeunload', warn)
  }, [open])
  useEffect(() => {
    for (const { view } of sendings) {
      if (view.phase !== 'done') continue
      void follow(`${t.upload.finish}: ${view.upload.template}`, view.task)
      stopSending(view.upload.name)
    }
  }, [sendings, follow])
  return sendings
    .filter(({ view }) => view.phase !== 'done' && pathname !== `/uploads/${view.upload.name}`)
    .map(({ view, open }) => (
      <Alert key={view.upload.name} isInline variant={view.phase === 'failed' ? 'danger' : 'info'}
        title={`${view.upload.template}: ${t.upload.phases[view.phase]}, ${Math.floor((100 * view.received) / view.upload.size)} %`}
        actionClose={open ? undefined : <AlertActionCloseButton onClose={() => stopSending(view.upload.name)} />}>
        <Link to={`/uploads/${view.upload.name}`}>{t.upload.look}</Link>
      </Alert>
    ))
}
