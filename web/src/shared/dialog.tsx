import { Alert, Button, Form, Modal, ModalBody, ModalFooter, ModalHeader, ModalVariant } from '@patternfly/react-core'
import { useId, type ReactNode } from 'react'
import { t } from '../strings'
import { useSending } from './sending'

interface Props {
  title: string
  what?: string
  action: string
  ready: boolean
  /** What the button does; why it failed is shown. */
  send: () => Promise<unknown>
  close: () => void
  children: (error: Error | null) => ReactNode
}

/** A short form in a window, written by hand. */
export function FormDialog({ title, what, action, ready, send, close, children }: Props) {
  const id = useId()
  const { busy, error, submit } = useSending(send)
  return (
    <Modal isOpen variant={ModalVariant.small} onClose={close} aria-label={title}>
      <ModalHeader title={title} description={what} />
      <ModalBody>
        <Form
          id={id}
          onSubmit={(event) => {
            event.preventDefault()
            if (ready && !busy) void submit()
          }}
        >
          {error && <Alert isInline isLiveRegion variant="danger" title={error.message} />}
          {children(error)}
        </Form>
      </ModalBody>
      <ModalFooter>
        <Button type="submit" form={id} isLoading={busy} isDisabled={busy || !ready}>
          {action}
        </Button>
        <Button variant="link" onClick={close}>
          {t.cancel}
        </Button>
      </ModalFooter>
    </Modal>
  )
}
