// What can be done to a machine, from which states, by whom.
import { call } from '../api/client'
import type { Observed, Vm } from '../api/schema'
import { t } from '../strings'

export interface Action {
  key: string
  title: string
  from: Observed[]
  run: (name: string) => Promise<unknown>
  danger?: boolean
}

const up: Observed[] = ['running', 'paused']

export const actions: Action[] = [
  { key: 'start', title: t.machine.start, from: ['off', 'suspended'], run: (name) => call('start_vm', { path: { name }, body: {} }) },
  { key: 'resume', title: t.machine.resume, from: ['paused'], run: (name) => call('resume_vm', { path: { name } }) },
  { key: 'stop', title: t.machine.stop, from: up, run: (name) => call('stop_vm', { path: { name }, body: {} }) },
  { key: 'stop-now', title: t.machine.stopNow, from: [...up, 'suspended'], danger: true, run: (name) => call('stop_vm', { path: { name }, body: { now: true } }) },
  { key: 'reset', title: t.machine.reset, from: up, danger: true, run: (name) => call('reset_vm', { path: { name } }) },
  { key: 'pause', title: t.machine.pause, from: ['running'], run: (name) => call('pause_vm', { path: { name } }) },
  { key: 'suspend', title: t.machine.suspend, from: up, run: (name) => call('suspend_vm', { path: { name } }) },
]

export const fits = (action: Action, vm: Vm) => vm.wanted !== 'absent' && action.from.includes(vm.observed)

export const removeMachine = (name: string) => call('delete_vm', { path: { name }, query: { force: true } })
