// Parts that views of objects share.
import '@patternfly/react-styles/css/components/DescriptionList/description-list.css'
import { Button, Modal, ModalBody, ModalFooter, ModalHeader, ModalVariant } from '@patternfly/react-core'
import { cellText, titleOf } from '../shared/format'
import { t } from '../strings'

/** What the tables of the API know of any object. */
export type Item = { name: string } & Record<string, unknown>

export function ConfirmDelete({ what, action, close }: { what: string; action: () => void; close: () => void }) {
  return (
    <Modal isOpen variant={ModalVariant.small} onClose={close} aria-label={t.confirmDelete(what)}>
      <ModalHeader title={t.confirmDelete(what)} titleIconVariant="warning" />
      <ModalBody>{t.noUndo}</ModalBody>
      <ModalFooter>
        <Button
          variant="danger"
          onClick={() => {
            action()
            close()
          }}
        >
          {t.remove}
        </Button>
        <Button variant="link" onClick={close}>
          {t.cancel}
        </Button>
      </ModalFooter>
    </Modal>
  )
}

/** All fields of an object that hold something. */
export function Details({ item, bytes }: { item: Record<string, unknown>; bytes: string[] }) {
  return (
    <dl className="pf-v6-c-description-list pf-m-horizontal pf-m-compact pf-m-2-col-on-xl">
      {Object.entries(item)
        .map(([key, value]) => [key, cellText(value, bytes.includes(key))] as const)
        .filter(([, text]) => text !== '')
        .map(([key, text]) => (
          <div key={key} className="pf-v6-c-description-list__group">
            <dt className="pf-v6-c-description-list__term">{titleOf(key)}</dt>
            <dd className="pf-v6-c-description-list__description">{text}</dd>
          </div>
        ))}
    </dl>
  )
}
