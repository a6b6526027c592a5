// Begins to send a file of this computer, which becomes a template.
import { Button, FormGroup, FormHelperText, FormSelect, FormSelectOption, HelperText, HelperTextItem, Progress, TextInput, ToolbarItem } from '@patternfly/react-core'
import { useEffect, useRef, useState } from 'react'
import { useNavigate } from 'react-router'
import { ApiError, call } from '../api/client'
import type { Upload } from '../api/schema'
import { useMay } from '../session/session'
import { FormDialog } from '../shared/dialog'
import { bytesText } from '../shared/format'
import { t } from '../strings'
import { sha256Of } from './checksum'
import { FileDrop } from './file_drop'
import { templateNameOf } from './names'
import { sendFile } from './sendings'

type Checksum = 'calculate' | 'given' | 'none'

/** The upload that was begun with the same file before, if there is one. */
async function begunBefore(template: string, file: File, sha256: string): Promise<Upload | undefined> {
  if (!sha256) return undefined
  const { items } = await call('list_uploads', { query: { limit: 1000 } })
  return items.find((each) => each.template === template && each.size === file.size && each.sha256 === sha256 && !each.task)
}

function SendDialog({ close }: { close: () => void }) {
  const [file, setFile] = useState<File | null>(null)
  const [template, setTemplate] = useState('')
  const [description, setDescription] = useState('')
  const [checksum, setChecksum] = useState<Checksum>('calculate')
  const [given, setGiven] = useState('')
  const [read, setRead] = useState<number>()
  const abort = useRef(new AbortController())
  const navigate = useNavigate()
  useEffect(() => {
    const here = (abort.current = new AbortController())
    return () => here.abort()
  }, [])
  const choose = (next: File) => {
    setFile(next)
    if (!template) setTemplate(templateNameOf(next.name))
  }
  const send = async () => {
    const { signal } = abort.current
    try {
      const sha256 = checksum === 'given' ? given.trim().toLowerCase() : checksum === 'calculate' ? await sha256Of(file!, setRead, signal) : ''
      const old = await begunBefore(template, file!, sha256)
      const upload = old ?? (await call('create_upload', { body: { template, description, size: file!.size, sha256 }, signal }))
      sendFile(upload, file!)
      close()
      void navigate(`/uploads/${upload.name}`)
    } catch (problem) {
      setRead(undefined)
      if (!signal.aborted) throw problem
    }
  }
  const ready = file !== null && file.size > 0 && template !== '' && (checksum !== 'given' || given.trim() !== '')
  return (
    <FormDialog title={t.upload.title} what={t.upload.what} action={t.upload.send} ready={ready} send={send} close={close}>
      {(error) => {
        const wrong = (field: string) => (error instanceof ApiError && error.field === field ? 'error' : 'default')
        return (
          <>
            <FileDrop label={t.upload.choose} chosen={choose} file={file} />
            <FormGroup label={t.upload.template} isRequired fieldId="upload-template">
              <TextInput id="upload-template" isRequired validated={wrong('/template')} value={template} onChange={(_, text) => setTemplate(text)} />
              <FormHelperText>
                <HelperText>
                  <HelperTextItem>{t.upload.templateHint}</HelperTextItem>
                </HelperText>
              </FormHelperText>
            </FormGroup>
            <FormGroup label={t.upload.description} fieldId="upload-description">
              <TextInput id="upload-description" validated={wrong('/description')} value={description} onChange={(_, text) => setDescription(text)} />
            </FormGroup>
            <FormGroup label={t.upload.checksum} fieldId="upload-checksum">
              <FormSelect id="upload-checksum" value={checksum} onChange={(_, value) => setChecksum(value as Checksum)}>
                {(['calculate', 'given', 'none'] as const).map((key) => (
                  <FormSelectOption key={key} value={key} label={t.upload.checksums[key]} />
                ))}
              </FormSelect>
            </FormGroup>
            {checksum === 'given' && (
              <FormGroup label={t.upload.sha256} isRequired fieldId="upload-sha256">
                <TextInput id="upload-sha256" isRequired spellCheck={false} validated={wrong('/sha256')} value={given} onChange={(_, text) => setGiven(text)} />
              </FormGroup>
            )}
            {read !== undefined && file && <Progress title={t.upload.reading} value={Math.round((100 * read) / file.size)} helperText={`${bytesText(read)} / ${bytesText(file.size)}`} />}
          </>
        )
      }}
    </FormDialog>
  )
}

export function SendFile() {
  const [open, setOpen] = useState(false)
  const may = useMay()
  if (!may('administer')) return null
  return (
    <ToolbarItem>
      <Button variant="secondary" onClick={() => setOpen(true)}>
        {t.upload.button}
      </Button>
      {open && <SendDialog close={() => setOpen(false)} />}
    </ToolbarItem>
  )
}
