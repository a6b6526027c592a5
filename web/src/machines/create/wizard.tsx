// A new machine, in few steps.
import { Alert, Form, Modal, ModalVariant, Wizard, WizardHeader, WizardStep } from '@patternfly/react-core'
import { useState } from 'react'
import { ApiError, call, type CallInput } from '../../api/client'
import { useLive } from '../../api/live'
import type { Values } from '../../shared/changes'
import { SameThing, SchemaFields, type Choices } from '../../shared/form'
import { useToasts } from '../../shared/toasts'
import { Details } from '../../objects/objects'
import { t } from '../../strings'
import { firstPlan, hasSource, requestOf, type Plan } from './plan'
import { SourceStep } from './source'

const words = t.wizard
const size = ['name', 'description', 'cpus', 'memory', 'disk', 'start']
const sizeOfClone = ['name', 'start']
const place = ['network', 'address', 'security_group', 'forward', 'pool', 'ssh_keys', 'cloud_init']
const before = new Set([...size, ...place, 'template', 'clone', 'iso', 'answer_file'])
const bytes = ['memory', 'disk', 'memory_min']

function useChoices(): Choices {
  const templates = useLive('list_templates')
  const networks = useLive('list_networks')
  const pools = useLive('list_pools')
  const of = (...kinds: string[]) => templates.items.filter((item) => kinds.includes(item.kind)).map((item) => item.name)
  return { template: of('disk', 'kernel'), iso: of('iso'), network: networks.items.map(({ name }) => name), pool: pools.items.map(({ name }) => name) }
}

interface StepProps {
  plan: Plan
  change: (plan: Plan) => void
  choices: Choices
  error: Error | null
}

function Fields({ plan, change, choices, error, only, skip }: StepProps & { only?: string[]; skip?: string[] }) {
  return (
    <Form onSubmit={(event) => event.preventDefault()}>
      <SchemaFields schema="VmCreate" values={plan.values} onChange={(values: Values) => change({ ...plan, values })} only={only} skip={skip} choices={choices}
        wrongField={error instanceof ApiError ? error.field.replace('/new_name', '/name') : ''} wrong={error?.message} />
    </Form>
  )
}

function Review({ plan, error }: { plan: Plan; error: Error | null }) {
  const request = requestOf(plan)
  return (
    <>
      {error && <Alert isInline isLiveRegion variant="danger" title={error.message} />}
      <Details item={{ ...request.path, ...request.body }} bytes={bytes} />
      <SameThing {...request} />
    </>
  )
}

export default function CreateMachine({ close, created }: { close: () => void; created: (name: string) => void }) {
  const [plan, setPlan] = useState<Plan>(firstPlan)
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<Error | null>(null)
  const choices = useChoices()
  const { follow } = useToasts()
  const step = { plan, change: setPlan, choices, error }
  const named = Boolean(plan.values.name)
  const cloned = plan.source === 'snapshot'
  const ready = hasSource(plan) && named && !busy
  const create = async () => {
    const { id, path, body } = requestOf(plan)
    setBusy(true)
    setError(null)
    try {
      const task = await call(id, { path, body } as unknown as CallInput<typeof id>)
      created(String(plan.values.name))
      void follow(`${t.machine.create}: ${String(plan.values.name)}`, task)
    } catch (problem) {
      setError(problem as Error)
      setBusy(false)
    }
  }
  return (
    <Modal isOpen variant={ModalVariant.large} onEscapePress={close} aria-label={t.machine.create} className="truce-wizard">
      <Wizard header={<WizardHeader title={t.machine.create} onClose={close} closeButtonAriaLabel={t.close} />} onClose={close} onSave={() => void create()} navAriaLabel={words.steps} shouldFocusContent height="min(38rem, 100vh - 4rem)">
        <WizardStep id="source" name={words.from} footer={{ isNextDisabled: !hasSource(plan) }}>
          <Form onSubmit={(event) => event.preventDefault()}>
            <SourceStep {...step} />
          </Form>
        </WizardStep>
        <WizardStep id="size" name={words.size} isDisabled={!hasSource(plan)} footer={{ isNextDisabled: !named }}>
          <Fields {...step} only={cloned ? sizeOfClone : size} />
        </WizardStep>
        <WizardStep id="place" name={words.place} isDisabled={!hasSource(plan) || !named} isHidden={cloned}>
          <Fields {...step} only={place} />
        </WizardStep>
        <WizardStep id="more" name={t.moreOptions} isDisabled={!hasSource(plan) || !named} isHidden={cloned}>
          <Fields {...step} skip={[...before]} />
        </WizardStep>
        <WizardStep id="review" name={words.review} isDisabled={!hasSource(plan) || !named} footer={{ nextButtonText: t.create, isNextDisabled: !ready, nextButtonProps: { isLoading: busy } }}>
          <Review plan={plan} error={error} />
        </WizardStep>
      </Wizard>
    </Modal>
  )
}
