import { Button, Label } from '@patternfly/react-core'
import { useState } from 'react'
import { call } from '../api/client'
import type { CloneOptions, Vm, VmSnapshot } from '../api/schema'
import { ConfirmDelete } from '../objects/objects'
import { useMay } from '../session/session'
import { type Values } from '../shared/changes'
import { SchemaDialog } from '../shared/form'
import { timeText } from '../shared/format'
import { useToasts } from '../shared/toasts'
import { t } from '../strings'

interface BranchProps {
  vm: Vm
  parent: string
  restore: (snapshot: VmSnapshot) => void
  clone: (snapshot: VmSnapshot) => void
  remove: (snapshot: VmSnapshot) => void
}

function Branch({ vm, parent, restore, clone, remove }: BranchProps) {
  const may = useMay()
  const here = (vm.tree?.snapshots ?? []).filter((snapshot) => snapshot.parent === parent)
  const goesOnHere = (vm.tree?.at ?? '') === parent
  if (here.length === 0 && !goesOnHere) return null
  return (
    <ul className="truce-tree">
      {here.map((snapshot) => (
        <li key={snapshot.name}>
          <strong>{snapshot.name}</strong> <Label isCompact>{snapshot.kind}</Label> {timeText(snapshot.created)} {snapshot.description}{' '}
          {may('operate') && (
            <>
              <Button variant="link" isInline onClick={() => restore(snapshot)}>
                {t.machine.restore}
              </Button>{' '}
              <Button variant="link" isInline onClick={() => clone(snapshot)}>
                {t.machine.clone}
              </Button>{' '}
              <Button variant="link" isInline isDanger onClick={() => remove(snapshot)}>
                {t.remove}
              </Button>
            </>
          )}
          <Branch vm={vm} parent={snapshot.name} restore={restore} clone={clone} remove={remove} />
        </li>
      ))}
      {goesOnHere && (
        <li>
          <Label color="green" isCompact>
            {t.machine.now}
          </Label>
        </li>
      )}
    </ul>
  )
}

/** The snapshots as the tree that they are. */
export function Snapshots({ vm, take }: { vm: Vm; take: (body: Values) => Promise<unknown> }) {
  const [taking, setTaking] = useState(false)
  const [removing, setRemoving] = useState<VmSnapshot | null>(null)
  const [cloning, setCloning] = useState<VmSnapshot | null>(null)
  const { run, follow } = useToasts()
  const may = useMay()
  const restore = (snapshot: VmSnapshot) => void run(`${t.machine.restore}: ${snapshot.name}`, () => call('restore_snapshot', { path: { vm: vm.name, name: snapshot.name }, body: {} }))
  return (
    <>
      {may('operate') && (
        <Button variant="secondary" onClick={() => setTaking(true)}>
          {t.machine.takeSnapshot}
        </Button>
      )}
      <Branch vm={vm} parent="" restore={restore} clone={setCloning} remove={setRemoving} />
      {taking && <SchemaDialog title={t.machine.takeSnapshot} id="create_snapshot" schema="SnapshotCreate" path={{ vm: vm.name }} close={() => setTaking(false)} send={take} />}
      {cloning && (
        <SchemaDialog title={`${t.machine.clone}: ${cloning.name}`} id="clone_snapshot" schema="CloneOptions" path={{ vm: vm.name, name: cloning.name }} close={() => setCloning(null)}
          send={async (body) => {
            const task = await call('clone_snapshot', { path: { vm: vm.name, name: cloning.name }, body: body as unknown as CloneOptions })
            void follow(`${t.machine.create}: ${String(body.new_name)}`, task)
          }} />
      )}
      {removing && (
        <ConfirmDelete what={removing.name} close={() => setRemoving(null)} action={() => void run(`${t.remove}: ${removing.name}`, () => call('delete_snapshot', { path: { vm: vm.name, name: removing.name } }))} />
      )}
    </>
  )
}
