// Says that the session is about to end, and lets the user sign in again without leaving the place.
import { Alert, Button, Modal, ModalBody, ModalHeader, ModalVariant } from '@patternfly/react-core'
import { useEffect, useState } from 'react'
import { call } from '../api/client'
import { timeText } from '../shared/format'
import { t } from '../strings'
import { nearness, type Nearness } from './nearness'
import { useSession } from './session'
import { PasswordForm } from './sign_in'

const lookEvery = 5_000

function useNearness(expires: string | undefined): Nearness {
  const [now, setNow] = useState(Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), lookEvery)
    return () => clearInterval(timer)
  }, [])
  return nearness(expires, now)
}

export function SessionEnding() {
  const { user, server, renew } = useSession()
  const near = useNearness(server.session_expires)
  const [asking, setAsking] = useState(false)
  useEffect(() => {
    // Whether it really has ended is the server's to say, by its clock.
    if (near === 'over') call('get_server').then(renew).catch(() => {})
  }, [near, renew])
  if (near === 'far') return null
  return (
    <>
      <Alert isInline isLiveRegion variant="warning" title={t.signIn.endsSoon(timeText(server.session_expires))} data-testid="ending">
        <Button variant="link" isInline onClick={() => setAsking(true)}>
          {t.signIn.again}
        </Button>
      </Alert>
      {asking && (
        <Modal isOpen variant={ModalVariant.small} onClose={() => setAsking(false)} aria-label={t.signIn.again} elementToFocus="#password">
          <ModalHeader title={t.signIn.again} />
          <ModalBody>
            <PasswordForm
              user={user}
              done={(fresh) => {
                setAsking(false)
                renew(fresh)
              }}
            />
          </ModalBody>
        </Modal>
      )}
    </>
  )
}
