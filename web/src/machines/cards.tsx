import { useState } from 'react'
import { Link } from 'react-router'
import { call } from '../api/client'
import { useLive } from '../api/live'
import type { NicAdd, NicChange, Vm, VmNic } from '../api/schema'
import { ConfirmDelete } from '../objects/objects'
import { changed, type Values } from '../shared/changes'
import { SchemaDialog } from '../shared/form'
import { VirtualTable } from '../shared/table'
import { useToasts } from '../shared/toasts'
import { t } from '../strings'
import { Links, Parts } from './parts'

type Open = { what: 'add' } | { what: 'set' | 'remove'; nic: VmNic } | null

const present = (nic: VmNic) => ({
  spoof_filter: nic.spoof_filter, address: nic.address, address6: nic.address6, security_group: nic.security_groups, forward: nic.forwards,
  send_mbit: nic.send_mbit, receive_mbit: nic.receive_mbit, mirror_to: nic.mirror_to,
})

/** The API takes one empty text for no groups at all. */
function changeOf(nic: VmNic, body: Values): NicChange {
  const news = changed(present(nic), body) as NicChange
  return { ...news, nic: nic.number, ...(news.security_group?.length === 0 ? { security_group: [''] } : {}) }
}

export function Cards({ vm }: { vm: Vm }) {
  const { run, follow } = useToasts()
  const networks = useLive('list_networks')
  const [open, setOpen] = useState<Open>(null)
  const close = () => setOpen(null)
  const rows = vm.nics.map((nic) => ({ ...nic, name: String(nic.number) }))
  const path = { name: vm.name }
  return (
    <Parts add={t.machine.addCard} adding={() => setOpen({ what: 'add' })}>
      <VirtualTable label={t.machine.cards} items={rows} ready columns={[
          { title: 'Number', width: 0.5, wide: true, cell: (nic) => nic.number },
          { title: 'Network', cell: (nic) => <Link to={`/networks/${encodeURIComponent(nic.network)}`}>{nic.network}</Link> },
          { title: 'MAC', width: 1.2, wide: true, cell: (nic) => nic.mac },
          { title: 'Address', cell: (nic) => nic.address },
          { title: 'Security groups', wide: true, cell: (nic) => nic.security_groups.join(', ') },
          {
            title: 'Actions',
            cell: (nic) => <Links items={[
                { title: t.change, go: () => setOpen({ what: 'set', nic }) },
                { title: t.remove, danger: true, go: () => setOpen({ what: 'remove', nic }) },
              ]} />,
          },
        ]} />
      {open?.what === 'add' && (
        <SchemaDialog title={t.machine.addCard} id="add_vm_nic" schema="NicAdd" path={path} choices={{ network: networks.items.map((item) => item.name) }} close={close}
          send={async (body) => {
            const answer = await call('add_vm_nic', { path, body: body as NicAdd })
            void follow(t.machine.addCard, answer)
          }} />
      )}
      {open?.what === 'set' && (
        <SchemaDialog title={t.machine.changeCard(open.nic.number)} id="set_vm_nic" schema="NicChange" path={path} start={present(open.nic)} skip={['nic']} action={t.save} close={close}
          send={(body) => call('set_vm_nic', { path, body: changeOf(open.nic, body) })} />
      )}
      {open?.what === 'remove' && (
        <ConfirmDelete what={t.machine.card(open.nic.number)} close={close}
          action={() => void run(`${t.remove}: ${t.machine.card(open.nic.number)}`, () => call('remove_vm_nic', { path: { ...path, nic: String(open.nic.number) } }))} />
      )}
    </Parts>
  )
}
