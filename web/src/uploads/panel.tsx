// How far an upload is, and what can be done to it.
import { ActionList, ActionListItem, Alert, Button, Card, CardBody, CardTitle, Progress } from '@patternfly/react-core'
import { useEffect, useState } from 'react'
import { Link, useNavigate } from 'react-router'
import { call } from '../api/client'
import type { Upload } from '../api/schema'
import { useMay } from '../session/session'
import { bytesText, durationText } from '../shared/format'
import { useToasts } from '../shared/toasts'
import { t } from '../strings'
import { sha256Of } from './checksum'
import { FileDrop } from './file_drop'
import type { Sending } from './sending'
import { sendFile, useSending } from './sendings'

function GoOn({ upload }: { upload: Upload }) {
  const [read, setRead] = useState<number>()
  const [error, setError] = useState('')
  const [abort] = useState(() => new AbortController())
  useEffect(() => () => abort.abort(), [abort])
  const choose = async (file: File) => {
    setError('')
    if (file.size !== upload.size) return setError(t.upload.otherSize(bytesText(file.size), bytesText(upload.size)))
    try {
      const same = !upload.sha256 || (await sha256Of(file, setRead, abort.signal)) === upload.sha256
      if (same) sendFile(upload, file)
      else setError(t.upload.otherFile)
    } catch (problem) {
      if (!abort.signal.aborted) setError((problem as Error).message)
    }
    setRead(undefined)
  }
  return (
    <>
      {error && <Alert isInline isLiveRegion variant="danger" title={error} />}
      <FileDrop label={t.upload.again} chosen={(file) => void choose(file)} />
      {read !== undefined && <Progress title={t.upload.reading} value={Math.round((100 * read) / upload.size)} />}
    </>
  )
}

function Buttons({ sending }: { sending: Sending }) {
  const { phase } = sending.view
  if (phase === 'finishing' || phase === 'done') return null
  const moving = phase === 'sending' || phase === 'waiting'
  return (
    <ActionList className="truce-actions">
      <ActionListItem>
        <Button variant="secondary" onClick={() => (moving ? sending.pause() : void sending.start())}>
          {moving ? t.upload.pause : t.upload.resume}
        </Button>
      </ActionListItem>
    </ActionList>
  )
}

/** "12MiB of 1GiB, 5MiB a second, 3 min 20 s left". */
function paceText(received: number, size: number, speed: number): string {
  const far = t.upload.far(bytesText(received), bytesText(size))
  return speed > 0 ? `${far}, ${t.upload.pace(bytesText(Math.round(speed)), durationText((size - received) / speed))}` : far
}

function Finish({ upload }: { upload: Upload }) {
  const { run } = useToasts()
  const title = `${t.upload.finish}: ${upload.template}`
  return (
    <Button variant="secondary" onClick={() => void run(title, () => call('finish_upload', { path: { name: upload.name } }))}>
      {t.upload.finish}
    </Button>
  )
}

export function UploadPanel({ upload }: { upload: Upload }) {
  const sending = useSending(upload.name)
  const may = useMay()
  const navigate = useNavigate()
  const view = sending?.view
  const received = Math.max(upload.received, view?.received ?? 0)
  const task = view?.task?.name ?? upload.task
  const made = view?.task?.name
  useEffect(() => {
    if (made) void navigate(`/tasks/${made}`, { replace: true })
  }, [made, navigate])
  return (
    <Card className="truce-card">
      <CardTitle component="h2">{view ? t.upload.phases[view.phase] : t.upload.notHere}</CardTitle>
      <CardBody>
        {view?.error && <Alert isInline variant={view.phase === 'waiting' ? 'warning' : 'danger'} title={view.error} />}
        <Progress aria-label={t.upload.title} value={Math.floor((100 * received) / upload.size)} helperText={paceText(received, upload.size, view?.speed ?? 0)} data-testid="sent" />
        {sending && <Buttons sending={sending} />}
        {task && <Link to={`/tasks/${task}`}>{t.upload.task}</Link>}
        {!sending && !task && may('administer') && (received < upload.size ? <GoOn upload={upload} /> : <Finish upload={upload} />)}
      </CardBody>
    </Card>
  )
}
