// What administrators do for users who cannot sign in any more.
import { ActionListItem, Button } from '@patternfly/react-core'
import { useState } from 'react'
import { call } from '../api/client'
import type { Item } from '../objects/objects'
import { FormDialog } from '../shared/dialog'
import { NewPassword } from '../shared/password'
import { useToasts } from '../shared/toasts'
import { t } from '../strings'

function SetPassword({ name, close }: { name: string; close: () => void }) {
  const [password, setPassword] = useState<string>()
  const { say } = useToasts()
  const send = async () => {
    await call('set_user', { path: { name }, body: { password } })
    say('success', `${t.users.setPassword}: ${name}`)
    close()
  }
  return (
    <FormDialog title={`${t.users.setPassword}: ${name}`} what={t.users.sessionsEnd} action={t.save} ready={password !== undefined} send={send} close={close}>
      {() => <NewPassword id="user-password" onChange={setPassword} />}
    </FormDialog>
  )
}

export function UserActions({ user }: { user: Item }) {
  const [open, setOpen] = useState(false)
  const { run } = useToasts()
  const { name } = user
  return (
    <>
      <ActionListItem>
        <Button variant="secondary" onClick={() => setOpen(true)}>
          {t.users.setPassword}
        </Button>
      </ActionListItem>
      {Boolean(user.totp) && (
        <ActionListItem>
          <Button variant="secondary" onClick={() => void run(`${t.users.resetFactor}: ${name}`, () => call('set_user', { path: { name }, body: { totp: false } }))}>
            {t.users.resetFactor}
          </Button>
        </ActionListItem>
      )}
      {open && <SetPassword name={name} close={() => setOpen(false)} />}
    </>
  )
}
