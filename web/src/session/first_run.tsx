// The first administrator is made by whoever can read what truced has printed.
import { ActionGroup, Alert, Button, Content, Form, FormGroup, FormHelperText, HelperText, HelperTextItem, TextInput } from '@patternfly/react-core'
import { useState, type FormEvent } from 'react'
import { ApiError, call } from '../api/client'
import type { Server } from '../api/schema'
import { NewPassword } from '../shared/password'
import { t } from '../strings'
import { Front } from './front'
import { Ways } from './sign_in'

interface LineProps {
  id: string
  label: string
  hint: string
  autoComplete: string
  wrong: string
  value: string
  onChange: (text: string) => void
}

function Line({ id, label, hint, autoComplete, wrong, value, onChange }: LineProps) {
  return (
    <FormGroup label={label} isRequired fieldId={id}>
      <TextInput id={id} autoComplete={autoComplete} isRequired autoCapitalize="none" spellCheck={false} validated={wrong ? 'error' : 'default'} value={value} onChange={(_, text) => onChange(text)} />
      <FormHelperText>
        <HelperText>
          <HelperTextItem variant={wrong ? 'error' : 'default'}>{wrong || hint}</HelperTextItem>
        </HelperText>
      </FormHelperText>
    </FormGroup>
  )
}

function FirstUserForm({ done }: { done: (server: Server) => void }) {
  const [code, setCode] = useState('')
  const [name, setName] = useState('')
  const [password, setPassword] = useState<string>()
  const [error, setError] = useState<Error | null>(null)
  const [busy, setBusy] = useState(false)
  const wrong = (field: string) => (error instanceof ApiError && error.field === field ? error.message : '')
  const atField = ['/code', '/name', '/password'].some(wrong)
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    if (!password) return
    setBusy(true)
    setError(null)
    try {
      const user = name.trim()
      await call('create_first_user', { body: { code: code.trim(), name: user, password } })
      done(await call('sign_in', { body: { user, password } }))
    } catch (problem) {
      setError(problem as Error)
      setBusy(false)
    }
  }
  return (
    <Form onSubmit={(event) => void submit(event)}>
      <Content component="p">{t.firstRun.what}</Content>
      {error && !atField && <Alert isInline isLiveRegion variant="danger" title={error.message} />}
      <Line id="code" label={t.firstRun.code} hint={t.firstRun.codeHint} autoComplete="off" wrong={wrong('/code')} value={code} onChange={setCode} />
      <Line id="name" label={t.firstRun.name} hint={t.firstRun.nameHint} autoComplete="username" wrong={wrong('/name')} value={name} onChange={setName} />
      <NewPassword id="password" onChange={setPassword} wrong={wrong('/password')} />
      <ActionGroup>
        <Button type="submit" isLoading={busy} isDisabled={busy || !code.trim() || !name.trim() || !password}>
          {t.firstRun.button}
        </Button>
      </ActionGroup>
    </Form>
  )
}

export function FirstRun({ done }: { done: (server: Server) => void }) {
  return (
    <Front title={t.firstRun.title}>
      <Ways password={<FirstUserForm done={done} />} done={done} />
    </Front>
  )
}
