// Xen Orchestra's client as a judge of our model of a pool: connects, watches, has a machine started, sees that, and lets go.
// node judge.mjs ADDRESS USER PASSWORD MACHINE; prints what it has seen, as JSON.
import { createClient } from 'xen-api'

const [address, user, password, name] = process.argv.slice(2)
const xapi = createClient({ url: `https://${address}`, auth: { user, password }, allowUnauthorized: true, debounce: 10 })
await xapi.connect()
await xapi.objectsFetched
const all = () => Object.values(xapi.objects.all)
const machines = all().filter(one => one.$type === 'VM' && !one.is_a_template && !one.is_control_domain)
const machine = machines.find(one => one.name_label === name)
const types = [...new Set(all().map(one => one.$type))].sort()
const before = machine.power_state
await xapi.callAsync('VM.start', machine.$ref, false, false)
const after = (await xapi.barrier(machine.$ref)).power_state
const snapshot = await xapi.callAsync('VM.snapshot', machine.$ref, 'judged')
const taken = await xapi.barrier(snapshot)
let refused
try {
  await xapi.callAsync('VM.resume', machine.$ref, false, false)
} catch (error) {
  refused = [error.code, ...error.params]
}
console.log(JSON.stringify({
  before, after, types, refused,
  machines: machines.map(one => one.name_label).sort(),
  disk: machine.$VBDs.find(one => one.type === 'Disk').$VDI.virtual_size,
  master: xapi.pool.$master.name_label,
  snapshot: [taken.is_a_snapshot, taken.$snapshot_of.name_label, taken.name_label],
}))
await xapi.disconnect()
process.exit(0)
