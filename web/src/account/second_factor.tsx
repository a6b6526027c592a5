// The second factor: on in three steps (proof, first code, recovery codes), off in one.
import { Button, ClipboardCopy, Content, FormGroup, Modal, ModalBody, ModalFooter, ModalHeader, ModalVariant, TextInput } from '@patternfly/react-core'
import { useState } from 'react'
import { call } from '../api/client'
import type { TotpSecret } from '../api/schema'
import { useSession } from '../session/session'
import { FormDialog } from '../shared/dialog'
import { PasswordField } from '../shared/password'
import { useToasts } from '../shared/toasts'
import { t } from '../strings'
import { QrCode } from './qr'

interface ProofProps {
  title: string
  action: string
  send: (password: string) => Promise<unknown>
  close: () => void
}

function Proof({ title, action, send, close }: ProofProps) {
  const [password, setPassword] = useState('')
  return (
    <FormDialog title={title} action={action} ready={password !== ''} send={() => send(password)} close={close}>
      {() => <PasswordField id="proof" label={t.signIn.password} hint={t.account.proof} autoComplete="current-password" value={password} onChange={setPassword} />}
    </FormDialog>
  )
}

function FirstCode({ totp, confirmed, close }: { totp: TotpSecret; confirmed: (codes: string[]) => void; close: () => void }) {
  const [code, setCode] = useState('')
  const send = async () => confirmed((await call('confirm_totp', { body: { code: code.trim() } })).codes)
  return (
    <FormDialog title={t.account.factor} what={t.account.scan} action={t.account.confirm} ready={code.trim() !== ''} send={send} close={close}>
      {() => (
        <>
          <QrCode text={totp.uri} label={t.account.qr} />
          <FormGroup label={t.account.secret}>
            <ClipboardCopy isReadOnly isCode hoverTip={t.copy} clickTip={t.copied} textAriaLabel={t.account.secret}>
              {totp.secret}
            </ClipboardCopy>
          </FormGroup>
          <FormGroup label={t.account.firstCode} isRequired fieldId="first-code">
            <TextInput id="first-code" autoComplete="one-time-code" inputMode="numeric" isRequired value={code} onChange={(_, text) => setCode(text)} />
          </FormGroup>
        </>
      )}
    </FormDialog>
  )
}

function Recovery({ codes, close }: { codes: string[]; close: () => void }) {
  const [copied, setCopied] = useState(false)
  return (
    <Modal isOpen variant={ModalVariant.small} aria-label={t.account.recovery}>
      <ModalHeader title={t.account.recovery} description={t.account.recoveryWhat} />
      <ModalBody>
        <ul className="truce-codes" data-testid="recovery">
          {codes.map((code) => (
            <li key={code}>
              <code>{code}</code>
            </li>
          ))}
        </ul>
      </ModalBody>
      <ModalFooter>
        <Button onClick={close}>{t.account.kept}</Button>
        <Button variant="secondary" onClick={() => void navigator.clipboard.writeText(codes.join('\n')).then(() => setCopied(true))}>
          {copied ? t.copied : t.account.copyCodes}
        </Button>
      </ModalFooter>
    </Modal>
  )
}

type Step = { kind: 'none' | 'proof' | 'off' } | { kind: 'code'; totp: TotpSecret } | { kind: 'recovery'; codes: string[] }

export function SecondFactor() {
  const { server, renew } = useSession()
  const { say } = useToasts()
  const [step, setStep] = useState<Step>({ kind: 'none' })
  const close = () => setStep({ kind: 'none' })
  const ended = async (what: string) => {
    close()
    say('success', what)
    renew(await call('get_server'))
  }
  return (
    <>
      <Content component="p">{server.totp ? t.account.factorOn : t.account.factorOff}</Content>
      <Button variant="secondary" onClick={() => setStep({ kind: server.totp ? 'off' : 'proof' })}>
        {server.totp ? t.account.turnOff : t.account.turnOn}
      </Button>
      {step.kind === 'proof' && (
        <Proof title={t.account.factor} action={t.account.next} close={close}
          send={async (password) => setStep({ kind: 'code', totp: await call('begin_totp', { body: { password } }) })} />
      )}
      {step.kind === 'code' && <FirstCode totp={step.totp} confirmed={(codes) => setStep({ kind: 'recovery', codes })} close={close} />}
      {step.kind === 'recovery' && <Recovery codes={step.codes} close={() => void ended(t.account.turnedOn)} />}
      {step.kind === 'off' && (
        <Proof title={`${t.account.factor}: ${t.account.turnOff}`} action={t.account.turnOff} close={close}
          send={async (password) => {
            await call('remove_totp', { body: { password } })
            await ended(t.account.turnedOff)
          }} />
      )}
    </>
  )
}
