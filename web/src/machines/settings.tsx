// What a machine is made of, what of it waits for its next start, and changes of both.
import { ActionList, ActionListItem, Alert, Button } from '@patternfly/react-core'
import { useState } from 'react'
import { useNavigate } from 'react-router'
import { call } from '../api/client'
import type { Rename, Vm, VmChange } from '../api/schema'
import { Details } from '../objects/objects'
import { useMay } from '../session/session'
import { changed, present } from '../shared/changes'
import { SchemaDialog } from '../shared/form'
import { useToasts } from '../shared/toasts'
import { t } from '../strings'

const bytes = ['memory', 'memory_min', 'max_memory']
const first = ['cpus', 'memory', 'iso', 'description', 'labels']

function Pending({ vm }: { vm: Vm }) {
  const { run } = useToasts()
  const may = useMay()
  if (vm.pending.length === 0) return null
  return (
    <Alert isInline variant="info" title={t.machine.pending} data-testid="pending">
      {vm.pending.join('; ')}{' '}
      {may('operate') && (
        <Button variant="link" isInline onClick={() => void run(t.machine.revert, () => call('revert_vm', { path: { name: vm.name } }))}>
          {t.machine.revert}
        </Button>
      )}
    </Alert>
  )
}

export function Settings({ vm }: { vm: Vm }) {
  const [open, setOpen] = useState<'set' | 'rename'>()
  const may = useMay()
  const navigate = useNavigate()
  const path = { name: vm.name }
  const start = present('VmChange', vm)
  const close = () => setOpen(undefined)
  const { hardware, resources } = vm
  return (
    <>
      <Pending vm={vm} />
      {may('operate') && (
        <ActionList className="truce-actions">
          <ActionListItem>
            <Button variant="secondary" onClick={() => setOpen('set')}>
              {t.change}
            </Button>
          </ActionListItem>
          <ActionListItem>
            <Button variant="secondary" isDisabled={vm.observed !== 'off'} onClick={() => setOpen('rename')}>
              {t.machine.rename}
            </Button>
          </ActionListItem>
        </ActionList>
      )}
      <Details item={{ cpus: vm.cpus, memory: vm.memory, memory_min: vm.memory_min, iso: vm.iso, ...hardware, ...resources, resource_pool: vm.resource_pool, conflict_class: vm.conflict_class }} bytes={bytes} />
      {open === 'set' && (
        <SchemaDialog title={`${t.change}: ${vm.name}`} id="set_vm" schema="VmChange" path={path} start={start} first={first} action={t.save} close={close}
          send={(body) => call('set_vm', { path, body: changed(start, body) as VmChange })} />
      )}
      {open === 'rename' && (
        <SchemaDialog title={`${t.machine.rename}: ${vm.name}`} id="rename_vm" schema="Rename" path={path} action={t.machine.rename} close={close}
          send={async (body) => {
            await call('rename_vm', { path, body: body as unknown as Rename })
            void navigate(`/machines/${encodeURIComponent(String(body.new_name))}`, { replace: true })
          }} />
      )}
    </>
  )
}
