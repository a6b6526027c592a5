import { Button, Modal, ModalBody, ModalFooter, ModalHeader, ModalVariant, TextArea } from '@patternfly/react-core'
import { useState } from 'react'
import { t } from '../strings'

/** Asks for a text that is to be typed. */
export function TypeText({ send, close }: { send: (text: string) => void; close: () => void }) {
  const [text, setText] = useState('')
  return (
    <Modal isOpen variant={ModalVariant.small} onClose={close} aria-label={t.machine.typeText}>
      <ModalHeader title={t.machine.typeText} />
      <ModalBody>
        <TextArea aria-label={t.machine.paste} rows={6} value={text} onChange={(_, next) => setText(next)} />
      </ModalBody>
      <ModalFooter>
        <Button
          onClick={() => {
            send(text)
            close()
          }}
        >
          {t.machine.typeText}
        </Button>
        <Button variant="link" onClick={close}>
          {t.cancel}
        </Button>
      </ModalFooter>
    </Modal>
  )
}
