// The daemon itself: what it is, its configuration read again, and copies of what it knows.
import { ActionList, ActionListItem, Button, Card, CardBody, CardTitle, Content, PageSection, Stack, StackItem, Title } from '@patternfly/react-core'
import { useState } from 'react'
import { call } from '../api/client'
import { Details } from '../objects/objects'
import { useSession } from '../session/session'
import { useToasts } from '../shared/toasts'
import { t } from '../strings'
import { fetchFile, type FileOperation } from './file'

function reloaded({ applied, needs_restart: waits }: { applied: string[]; needs_restart: string[] }): string {
  const told = [applied.length > 0 && t.settings.applied(applied.join(', ')), waits.length > 0 && t.settings.waits(waits.join(', '))].filter(Boolean)
  return told.join('\n') || t.settings.nothingChanged
}

interface FilePart {
  id: FileOperation
  name: string
  title: string
  hint: string
}

const files: FilePart[] = [
  { id: 'backup_server', name: 'truce-backup.db', title: t.settings.backup, hint: t.settings.backupHint },
  { id: 'get_support_bundle', name: 'truce-support.tar.zst', title: t.settings.bundle, hint: t.settings.bundleHint },
]

function Upkeep() {
  const { say } = useToasts()
  const [busy, setBusy] = useState('')
  const doing = async (what: string, work: () => Promise<string>) => {
    setBusy(what)
    try {
      say('success', what, await work())
    } catch (problem) {
      say('danger', what, (problem as Error).message)
    }
    setBusy('')
  }
  return (
    <ActionList>
      <ActionListItem>
        <Button variant="secondary" isDisabled={busy !== ''} isLoading={busy === t.settings.reload} onClick={() => void doing(t.settings.reload, async () => reloaded(await call('reload_server')))}>
          {t.settings.reload}
        </Button>
      </ActionListItem>
      {files.map((file) => (
        <ActionListItem key={file.id}>
          <Button variant="secondary" isDisabled={busy !== ''} isLoading={busy === file.title} onClick={() => void doing(file.title, () => fetchFile(file.id, file.name))}>
            {file.title}
          </Button>
        </ActionListItem>
      ))}
    </ActionList>
  )
}

export function Settings() {
  const { server, unlimited } = useSession()
  const { version, url, fingerprint } = server
  return (
    <>
      <PageSection>
        <Title headingLevel="h1">{t.nav.settings}</Title>
      </PageSection>
      <PageSection>
        <Stack hasGutter>
          <StackItem>
            <Card>
              <CardTitle component="h2">{t.settings.server}</CardTitle>
              <CardBody>
                <Details item={{ version, address: url, fingerprint, api: `${url}/v1/openapi.json`, metrics: `${url}/metrics` }} bytes={[]} />
              </CardBody>
            </Card>
          </StackItem>
          {unlimited && (
            <StackItem>
              <Card>
                <CardTitle component="h2">{t.settings.upkeep}</CardTitle>
                <CardBody>
                  <Content component="p">{t.settings.reloadHint}</Content>
                  {files.map((file) => (
                    <Content component="p" key={file.id}>
                      {file.hint}
                    </Content>
                  ))}
                  <Upkeep />
                </CardBody>
              </Card>
            </StackItem>
          )}
        </Stack>
      </PageSection>
    </>
  )
}
