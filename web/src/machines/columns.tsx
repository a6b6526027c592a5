import { Link } from 'react-router'
import type { Vm } from '../api/schema'
import { bytesText } from '../shared/format'
import { State } from '../shared/state'
import type { Column } from '../shared/table'

/** What tables of machines show, in any view. */
export const columns: Column<Vm>[] = [
  { title: 'Name', width: 1.5, sort: 'name', cell: (vm) => <Link to={`/machines/${vm.name}`}>{vm.name}</Link> },
  { title: 'State', sort: 'observed', cell: (vm) => <State value={vm.observed} /> },
  { title: 'CPUs', width: 0.6, sort: 'cpus', wide: true, cell: (vm) => vm.cpus },
  { title: 'Memory', width: 0.8, sort: 'memory', cell: (vm) => bytesText(vm.memory) },
  { title: 'Addresses', width: 1.2, wide: true, cell: (vm) => vm.addresses.join(', ') },
  { title: 'Template', sort: 'template', wide: true, cell: (vm) => vm.template },
  { title: 'Project', width: 0.8, sort: 'project', wide: true, cell: (vm) => vm.project },
  { title: 'Host', width: 0.8, sort: 'host', wide: true, cell: (vm) => vm.host },
  { title: 'Labels', wide: true, cell: (vm) => Object.entries(vm.labels).map(([key, value]) => `${key}=${value}`).join(', ') },
]
