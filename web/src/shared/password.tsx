// Passwords are typed here.
import { Button, FormGroup, FormHelperText, HelperText, HelperTextItem, InputGroup, InputGroupItem, TextInput } from '@patternfly/react-core'
import { EyeIcon, EyeSlashIcon } from '@patternfly/react-icons'
import { useState } from 'react'
import { t } from '../strings'
import { passwordFault, shortest } from './password_rule'

interface InputProps {
  id: string
  value: string
  onChange: (text: string) => void
  autoComplete: 'current-password' | 'new-password'
  wrong?: boolean
  label?: string
}

export function PasswordInput({ id, value, onChange, autoComplete, wrong, label }: InputProps) {
  const [shown, setShown] = useState(false)
  return (
    <InputGroup>
      <InputGroupItem isFill>
        <TextInput id={id} type={shown ? 'text' : 'password'} autoComplete={autoComplete} isRequired aria-label={label} spellCheck={false}
          validated={wrong ? 'error' : 'default'} value={value} onChange={(_, text) => onChange(text)} />
      </InputGroupItem>
      <InputGroupItem>
        <Button variant="control" aria-label={`${shown ? t.password.hide : t.password.show} (${label ?? t.signIn.password})`} onClick={() => setShown(!shown)} icon={shown ? <EyeSlashIcon /> : <EyeIcon />} />
      </InputGroupItem>
    </InputGroup>
  )
}

interface FieldProps extends Omit<InputProps, 'label'> {
  label: string
  hint?: string
}

/** A password with its name, and with what is wrong with it or what is good to know. */
export function PasswordField({ label, hint, ...input }: FieldProps) {
  return (
    <FormGroup label={label} isRequired fieldId={input.id}>
      <PasswordInput {...input} />
      {hint && (
        <FormHelperText>
          <HelperText isLiveRegion>
            <HelperTextItem variant={input.wrong ? 'error' : 'default'}>{hint}</HelperTextItem>
          </HelperText>
        </FormHelperText>
      )}
    </FormGroup>
  )
}

interface NewProps {
  id: string
  /** Told of a password that can be taken, or of undefined. */
  onChange: (password: string | undefined) => void
  /** What the server said against it. */
  wrong?: string
}

/** A new password, typed twice. */
export function NewPassword({ id, onChange, wrong }: NewProps) {
  const [password, setPassword] = useState('')
  const [again, setAgain] = useState('')
  const fault = passwordFault(password, again)
  const tell = (first: string, second: string) => {
    setPassword(first)
    setAgain(second)
    onChange(passwordFault(first, second) ? undefined : first)
  }
  const short = password !== '' && fault !== '' && fault !== t.password.differs
  const differs = again !== '' && fault === t.password.differs
  return (
    <>
      <PasswordField id={id} label={t.password.fresh} autoComplete="new-password" value={password} onChange={(text) => tell(text, again)}
        wrong={short || Boolean(wrong)} hint={wrong || (short ? fault : t.password.hint(shortest))} />
      <PasswordField id={`${id}-again`} label={t.password.again} autoComplete="new-password" value={again} onChange={(text) => tell(password, text)}
        wrong={differs} hint={differs ? fault : undefined} />
    </>
  )
}
