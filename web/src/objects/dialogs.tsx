// Making and changing objects by forms from the schema.
import { Button, ClipboardCopy, Modal, ModalBody, ModalFooter, ModalHeader, ModalVariant } from '@patternfly/react-core'
import { useState } from 'react'
import { call, type CallInput, type OperationId } from '../api/client'
import { operations } from '../api/schema'
import { changed, present, type Values } from '../shared/changes'
import { SchemaDialog } from '../shared/form'
import { useToasts } from '../shared/toasts'
import { t } from '../strings'
import { extras } from './extras'
import type { Noun } from './nouns'
import type { Item } from './objects'

export function send(id: OperationId, name: string, body?: Values) {
  return call(id, { path: { name }, body } as unknown as CallInput<OperationId>)
}

const schemaOf = (id: OperationId) => operations[id].body ?? ''

function Secret({ token, close }: { token: string; close: () => void }) {
  return (
    <Modal isOpen variant={ModalVariant.small} onClose={close} aria-label={t.object.secret}>
      <ModalHeader title={t.object.secret} description={t.object.shownOnce} />
      <ModalBody>
        <ClipboardCopy isReadOnly isCode hoverTip={t.copy} clickTip={t.copied} textAriaLabel={t.object.secret}>
          {token}
        </ClipboardCopy>
      </ModalBody>
      <ModalFooter>
        <Button onClick={close}>{t.close}</Button>
      </ModalFooter>
    </Modal>
  )
}

export function CreateObject({ noun, close }: { noun: Noun; close: () => void }) {
  const [token, setToken] = useState('')
  const { follow } = useToasts()
  const id = noun.create!
  if (token) return <Secret token={token} close={close} />
  const create = async (body: Values) => {
    const answer = (await send(id, '', body)) as { token?: string }
    if (answer?.token) return setToken(answer.token)
    close()
    void follow(`${t.create}: ${String(body.name)}`, answer)
  }
  return <SchemaDialog title={operations[id].summary} id={id} schema={schemaOf(id)} choices={extras[noun.name]?.choices} close={close} keepOpen send={create} />
}

export function ChangeObject({ noun, item, close }: { noun: Noun; item: Item; close: () => void }) {
  const id = noun.set!
  const schema = schemaOf(id)
  const before = present(schema, item)
  return (
    <SchemaDialog title={`${t.change}: ${item.name}`} id={id} schema={schema} path={{ name: item.name }} start={before} skip={extras[noun.name]?.skip} action={t.save} close={close}
      send={(body) => send(id, item.name, changed(before, body))} />
  )
}
