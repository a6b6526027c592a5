import { Button } from '@patternfly/react-core'
import { useState } from 'react'
import { call } from '../api/client'
import { FormDialog } from '../shared/dialog'
import { NewPassword, PasswordField } from '../shared/password'
import { useToasts } from '../shared/toasts'
import { t } from '../strings'

function Change({ close }: { close: () => void }) {
  const [now, setNow] = useState('')
  const [fresh, setFresh] = useState<string>()
  const { say } = useToasts()
  const send = async () => {
    await call('change_password', { body: { password: now, new_password: fresh! } })
    say('success', t.account.passwordChanged)
    close()
  }
  return (
    <FormDialog title={t.account.changePassword} what={t.account.othersEnd} action={t.save} ready={Boolean(now && fresh)} send={send} close={close}>
      {() => (
        <>
          <PasswordField id="password-now" label={t.password.now} autoComplete="current-password" value={now} onChange={setNow} />
          <NewPassword id="password-fresh" onChange={setFresh} />
        </>
      )}
    </FormDialog>
  )
}

export function ChangePassword() {
  const [open, setOpen] = useState(false)
  return (
    <>
      <Button variant="secondary" onClick={() => setOpen(true)}>
        {t.account.changePassword}
      </Button>
      {open && <Change close={() => setOpen(false)} />}
    </>
  )
}
