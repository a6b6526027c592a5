import type { AlarmSubject } from '../api/schema'
import type { Values } from '../shared/changes'
import type { Choices } from '../shared/form'

/** What is measured of each subject, as the server names it. [src/manager/metrics/quantities.h] */
const metrics: Record<AlarmSubject, string[]> = {
  vm: ['cpu', 'memory', 'memory_percent', 'memory_guest', 'disk_read', 'disk_write', 'disk_iops', 'net_receive', 'net_send'],
  host: [
    'cpu', 'cpu_iowait', 'cpu_steal', 'memory', 'memory_percent', 'swap', 'disk_read', 'disk_write', 'disk_iops', 'net_receive', 'net_send',
    'pressure_cpu', 'pressure_memory', 'pressure_io',
  ],
  pool: ['used_percent', 'used', 'free', 'allocated'],
}

const states: Record<AlarmSubject, string[]> = {
  vm: ['problem', 'unknown', 'off', 'running', 'paused', 'suspended', 'starting'],
  host: ['offline', 'problem', 'online'],
  pool: ['problem'],
}

/** What can be chosen for an alarm once it is known what it looks at. */
export function alarmChoices({ subject }: Values): Choices {
  const known = subject as AlarmSubject | undefined
  return { metric: known ? metrics[known] : [], state: known ? states[known] : [] }
}
