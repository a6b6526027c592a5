// What is done to all that are ticked.
import { Button, Dropdown, DropdownItem, DropdownList, MenuToggle, Modal, ModalBody, ModalFooter, ModalHeader, ModalVariant } from '@patternfly/react-core'
import { useState } from 'react'
import { call } from '../api/client'
import type { Operations, Vm } from '../api/schema'
import { count, isChosen, type Selection } from '../shared/selection'
import { useToasts } from '../shared/toasts'
import { t } from '../strings'
import { actions, fits, removeMachine, type Action } from './actions'

type Question = NonNullable<Operations['list_vms']['query']>

const pageSize = 1000
const named = 20

const remove: Action = { key: 'delete', title: t.remove, from: [], run: removeMachine, danger: true }

/** All that match, page by page. */
async function readAll(question: Question): Promise<Vm[]> {
  const found: Vm[] = []
  for (let after = ''; ; ) {
    const page = await call('list_vms', { query: { ...question, sort: undefined, descending: undefined, limit: pageSize, after } })
    found.push(...page.items)
    if (!page.next) return found
    after = page.next
  }
}

function Confirm({ action, chosen, total, go, close }: { action: Action; chosen: Selection<Vm>; total: number; go: () => void; close: () => void }) {
  const title = t.bulk.confirm(action.title, count(chosen, total))
  const names = chosen.all ? [] : [...chosen.names.keys()]
  return (
    <Modal isOpen variant={ModalVariant.small} onClose={close} aria-label={title}>
      <ModalHeader title={title} titleIconVariant="warning" />
      <ModalBody>
        {names.slice(0, named).join(', ')}
        {names.length > named && ` … ${t.bulk.moreFailed(names.length - named)}`}
        {action === remove && <div>{t.noUndo}</div>}
      </ModalBody>
      <ModalFooter>
        <Button variant="danger" onClick={go}>
          {action.title}
        </Button>
        <Button variant="link" onClick={close}>
          {t.cancel}
        </Button>
      </ModalFooter>
    </Modal>
  )
}

interface Props {
  chosen: Selection<Vm>
  total: number
  question: Question
  /** A ticked machine as it is now, where that is known. */
  find: (name: string) => Vm | undefined
  done: () => void
}

export function Bulk({ chosen, total, question, find, done }: Props) {
  const [open, setOpen] = useState(false)
  const [asked, setAsked] = useState<Action | null>(null)
  const { runEach } = useToasts()
  const machines = [...chosen.names.values()].map((vm) => find(vm.name) ?? vm)
  const able = (action: Action, all: Vm[]) => (action === remove ? all : all.filter((vm) => fits(action, vm)))
  const start = (action: Action) => {
    setAsked(null)
    done()
    const find = async () => {
      const all = chosen.all ? (await readAll(question)).filter((vm) => isChosen(chosen, vm.name)) : machines
      return able(action, all).map((vm) => vm.name)
    }
    void runEach(action.title, find, action.run)
  }
  const ask = (action: Action) => {
    setOpen(false)
    if (action.danger || chosen.all) setAsked(action)
    else start(action)
  }
  const ticked = count(chosen, total)
  return (
    <>
      <Dropdown
        isOpen={open}
        onOpenChange={setOpen}
        toggle={(ref) => (
          <MenuToggle ref={ref} onClick={() => setOpen(!open)} isExpanded={open} isDisabled={ticked === 0}>
            {t.machinesSelected(ticked)}
          </MenuToggle>
        )}
      >
        <DropdownList>
          {[...actions, remove].map((action) => {
            const fit = able(action, machines).length
            return (
              <DropdownItem key={action.key} isDanger={action.danger} isDisabled={!chosen.all && fit === 0} onClick={() => ask(action)}>
                {action.title} {!chosen.all && `(${fit})`}
              </DropdownItem>
            )
          })}
        </DropdownList>
      </Dropdown>
      {asked && <Confirm action={asked} chosen={chosen} total={total} go={() => start(asked)} close={() => setAsked(null)} />}
    </>
  )
}
