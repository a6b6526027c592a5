// What a new machine begins with.
import { FormGroup, FormHelperText, FormSelect, FormSelectOption, HelperText, HelperTextItem, Radio, TextInput } from '@patternfly/react-core'
import { Link } from 'react-router'
import { useLive } from '../../api/live'
import type { Vm } from '../../api/schema'
import { SchemaFields, type Choices } from '../../shared/form'
import { t } from '../../strings'
import { sources, withSource, type Plan } from './plan'

const words = t.wizard
const offeredMachines = 50

interface Props {
  plan: Plan
  change: (plan: Plan) => void
  choices: Choices
}

function SnapshotOf({ plan, change }: Omit<Props, 'choices'>) {
  const list = useLive('list_vms', { contains: plan.vm }, offeredMachines)
  const machine = list.items.find((vm: Vm) => vm.name === plan.vm)
  const snapshots = machine?.tree?.snapshots ?? []
  return (
    <>
      <FormGroup label={words.machine} isRequired fieldId="clone-vm">
        <TextInput id="clone-vm" list="clone-vms" value={plan.vm} onChange={(_, vm) => change({ ...plan, vm, snapshot: '' })} />
        <datalist id="clone-vms">
          {list.items.slice(0, offeredMachines).map((vm) => (
            <option key={vm.name} value={vm.name} />
          ))}
        </datalist>
        <FormHelperText>
          <HelperText>
            <HelperTextItem variant={machine && snapshots.length === 0 ? 'warning' : 'default'}>
              {machine && snapshots.length === 0 ? words.noSnapshots : words.whichMachine}
            </HelperTextItem>
          </HelperText>
        </FormHelperText>
      </FormGroup>
      <FormGroup label={words.snapshot} isRequired fieldId="clone-snapshot">
        <FormSelect id="clone-snapshot" value={plan.snapshot} isDisabled={snapshots.length === 0} onChange={(_, snapshot) => change({ ...plan, snapshot })}>
          <FormSelectOption value="" label="—" />
          {snapshots.map(({ name }) => (
            <FormSelectOption key={name} value={name} label={name} />
          ))}
        </FormSelect>
      </FormGroup>
    </>
  )
}

export function SourceStep({ plan, change, choices }: Props) {
  const set = (values: Plan['values']) => change({ ...plan, values })
  return (
    <>
      <FormGroup role="radiogroup" label={words.from} fieldId="source-template">
        {sources.map((source) => (
          <Radio key={source} id={`source-${source}`} name="source" label={words.source[source]} description={words.sourceHelp[source]} isChecked={plan.source === source}
            onChange={() => change(withSource(plan, source))} />
        ))}
      </FormGroup>
      {plan.source === 'template' && <SchemaFields schema="VmCreate" values={plan.values} onChange={set} only={['template', 'clone']} choices={choices} />}
      {plan.source === 'iso' && <SchemaFields schema="VmCreate" values={plan.values} onChange={set} only={['iso', 'answer_file']} choices={choices} />}
      {plan.source === 'snapshot' && <SnapshotOf plan={plan} change={change} />}
      <div className="truce-subtle">
        {words.ownFile} <Link to="/uploads">{t.nav.uploads}</Link>, <Link to="/templates">{t.nav.templates}</Link>
      </div>
    </>
  )
}
