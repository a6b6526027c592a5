// Signing in: with a password and, where the user has one, a second factor; or with a token.
import { ActionGroup, Alert, Button, Form, FormGroup, FormHelperText, HelperText, HelperTextItem, TextInput } from '@patternfly/react-core'
import { useState, type FormEvent, type ReactNode } from 'react'
import { ApiError, call, credentials } from '../api/client'
import type { Server } from '../api/schema'
import { PasswordField } from '../shared/password'
import { t } from '../strings'
import { Front } from './front'

interface Props {
  done: (server: Server) => void
}

function Refusal({ text }: { text: string }) {
  return text && <Alert isInline isLiveRegion variant="danger" title={text} />
}

function Code({ code, setCode }: { code: string; setCode: (text: string) => void }) {
  return (
    <FormGroup label={t.signIn.code} isRequired fieldId="code">
      <TextInput id="code" name="code" autoComplete="one-time-code" isRequired autoFocus autoCapitalize="none" spellCheck={false} value={code} onChange={(_, text) => setCode(text)} />
      <FormHelperText>
        <HelperText>
          <HelperTextItem>{t.signIn.codeHint}</HelperTextItem>
        </HelperText>
      </FormHelperText>
    </FormGroup>
  )
}

interface PasswordProps extends Props {
  /** Whose password it must be; empty: whoever's. */
  user?: string
}

/** Name and password, then the code where it is asked for. */
export function PasswordForm({ user: known = '', done }: PasswordProps) {
  const [user, setUser] = useState(known)
  const [password, setPassword] = useState('')
  const [code, setCode] = useState<string | null>(null)
  const [refused, setRefused] = useState('')
  const [busy, setBusy] = useState(false)
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    setBusy(true)
    setRefused('')
    try {
      done(await call('sign_in', { body: { user: user.trim(), password, code: code?.trim() ?? '' } }))
    } catch (problem) {
      const asksForCode = problem instanceof ApiError && problem.field === '/code'
      if (asksForCode) setCode('')
      if (!asksForCode || code) setRefused((problem as Error).message)
      setBusy(false)
    }
  }
  // What the browser fills in is not told before somebody touches the page: so the button waits for nothing.
  return (
    <Form noValidate={false} onSubmit={(event) => void submit(event)}>
      <Refusal text={refused} />
      <FormGroup label={t.signIn.user} isRequired fieldId="user">
        <TextInput id="user" name="user" autoComplete="username" isRequired autoFocus={!known} autoCapitalize="none" spellCheck={false}
          readOnlyVariant={known ? 'default' : undefined} value={user} onChange={(_, text) => setUser(text)} />
      </FormGroup>
      <PasswordField id="password" label={t.signIn.password} autoComplete="current-password" value={password} onChange={setPassword} />
      {code !== null && <Code code={code} setCode={setCode} />}
      <ActionGroup>
        <Button type="submit" isLoading={busy} isDisabled={busy}>
          {t.signIn.button}
        </Button>
      </ActionGroup>
    </Form>
  )
}

function TokenForm({ done }: Props) {
  const [token, setToken] = useState('')
  const [refused, setRefused] = useState('')
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    credentials.token = token.trim()
    try {
      const server = await call('get_server')
      if (!server.role) throw new ApiError(401, t.signIn.refused)
      done(server)
    } catch (problem) {
      credentials.token = ''
      setRefused(problem instanceof ApiError && problem.status === 401 ? t.signIn.refused : (problem as Error).message)
    }
  }
  return (
    <Form onSubmit={(event) => void submit(event)}>
      <Refusal text={refused} />
      <FormGroup label={t.signIn.token} isRequired fieldId="token">
        <TextInput id="token" type="password" autoComplete="off" isRequired autoFocus value={token} onChange={(_, text) => setToken(text)} />
        <FormHelperText>
          <HelperText>
            <HelperTextItem>{t.signIn.tokenHint}</HelperTextItem>
          </HelperText>
        </FormHelperText>
      </FormGroup>
      <ActionGroup>
        <Button type="submit" isDisabled={!token.trim()}>
          {t.signIn.button}
        </Button>
      </ActionGroup>
    </Form>
  )
}

/** The ways in: what `password` shows, or a token. */
export function Ways({ password, done }: Props & { password: ReactNode }) {
  const [byToken, setByToken] = useState(false)
  return (
    <>
      {byToken ? <TokenForm done={done} /> : password}
      <div className="truce-other-way">
        <Button variant="link" isInline onClick={() => setByToken(!byToken)}>
          {byToken ? t.signIn.byPassword : t.signIn.byToken}
        </Button>
      </div>
    </>
  )
}

export function SignIn({ said, error, done }: Props & { said: string; error: string }) {
  return (
    <Front title={t.signIn.title}>
      {said && <Alert isInline variant="info" title={said} />}
      {error && <Alert isInline variant="danger" title={error} />}
      <Ways password={<PasswordForm done={done} />} done={done} />
    </Front>
  )
}
