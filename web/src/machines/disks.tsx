import { useState } from 'react'
import { call } from '../api/client'
import { useLive } from '../api/live'
import type { DiskCreate, DiskMove, Vm } from '../api/schema'
import { ConfirmDelete } from '../objects/objects'
import { SchemaDialog } from '../shared/form'
import { bytesText } from '../shared/format'
import { VirtualTable } from '../shared/table'
import { useToasts } from '../shared/toasts'
import { t } from '../strings'
import { Links, Parts } from './parts'

type Open = { what: 'add' } | { what: 'grow' | 'move' | 'remove'; disk: string } | null

export function Disks({ vm }: { vm: Vm }) {
  const { run, follow } = useToasts()
  const pools = useLive('list_pools')
  const [open, setOpen] = useState<Open>(null)
  const close = () => setOpen(null)
  const choices = { pool: pools.items.map((pool) => pool.name) }
  const rows = vm.disks.map((disk) => ({ ...disk, name: disk.id }))
  return (
    <Parts add={t.machine.addDisk} adding={() => setOpen({ what: 'add' })}>
      <VirtualTable label={t.machine.disks} items={rows} ready columns={[
          { title: 'Disk', cell: (disk) => disk.id },
          { title: 'Size', cell: (disk) => bytesText(disk.size) },
          { title: 'Pool', wide: true, cell: (disk) => disk.pool },
          { title: 'Template', wide: true, cell: (disk) => disk.template },
          {
            title: 'Actions',
            width: 1.6,
            cell: ({ id }) => <Links items={[
                { title: t.machine.grow, go: () => setOpen({ what: 'grow', disk: id }) },
                { title: t.machine.move, go: () => setOpen({ what: 'move', disk: id }) },
                { title: t.remove, danger: true, go: () => setOpen({ what: 'remove', disk: id }) },
              ]} />,
          },
        ]} />
      {open?.what === 'add' && (
        <SchemaDialog title={t.machine.addDisk} id="create_disk" schema="DiskCreate" path={{ vm: vm.name }} choices={choices} close={close}
          send={async (body) => {
            const task = await call('create_disk', { path: { vm: vm.name }, body: body as unknown as DiskCreate })
            void follow(t.machine.addDisk, task)
          }} />
      )}
      {open?.what === 'grow' && (
        <SchemaDialog title={`${t.machine.grow}: ${open.disk}`} id="set_disk" schema="DiskChange" path={{ vm: vm.name, disk: open.disk }} action={t.save}
          start={{ size: vm.disks.find((disk) => disk.id === open.disk)?.size }} close={close}
          send={async (body) => {
            const task = await call('set_disk', { path: { vm: vm.name, disk: open.disk }, body })
            void follow(`${t.machine.grow}: ${open.disk}`, task)
          }} />
      )}
      {open?.what === 'move' && (
        <SchemaDialog title={`${t.machine.move}: ${open.disk}`} id="move_disk" schema="DiskMove" path={{ vm: vm.name, disk: open.disk }} choices={choices} action={t.machine.move} close={close}
          send={async (body) => {
            const task = await call('move_disk', { path: { vm: vm.name, disk: open.disk }, body: body as unknown as DiskMove })
            void follow(`${t.machine.move}: ${open.disk}`, task)
          }} />
      )}
      {open?.what === 'remove' && <ConfirmDelete what={open.disk} close={close} action={() => void run(`${t.remove}: ${open.disk}`, () => call('delete_disk', { path: { vm: vm.name, disk: open.disk } }))} />}
    </Parts>
  )
}
