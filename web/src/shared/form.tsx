// Forms made from the schema: what the API takes can be typed in, with the API's own words of help.
import {
  Alert, Button, ClipboardCopy, ClipboardCopyVariant, ExpandableSection, Form, FormGroup, FormHelperText, FormSelect,
  FormSelectOption, HelperText, HelperTextItem, Modal, ModalBody, ModalFooter, ModalHeader, ModalVariant, Switch, TextArea,
  TextInput,
} from '@patternfly/react-core'
import { useState } from 'react'
import { ApiError } from '../api/client'
import { fields, type Field, type Operations } from '../api/schema'
import { t } from '../strings'
import { cleaned, type Values } from './changes'
import { apiFor, commandFor } from './command'
import { bytesText, parseBytes, titleOf } from './format'
import { NewPassword } from './password'
import { useSending } from './sending'

interface InputProps {
  id: string
  name: string
  field: Field
  value: unknown
  choices?: string[]
  wrong?: string
  onChange: (value: unknown) => void
}

function lines(value: unknown): string {
  if (Array.isArray(value)) return value.join('\n')
  return Object.entries((value as object) ?? {}).map(([key, item]) => `${key}=${item}`).join('\n')
}

function linesBack(kind: string, text: string): unknown {
  const rows = text.split('\n').filter((line) => line.trim() !== '')
  if (kind === 'array') return rows.length > 0 ? rows : undefined
  const pairs = rows.map((row) => [row.split('=')[0]!.trim(), row.split('=').slice(1).join('=').trim()])
  return pairs.length > 0 ? Object.fromEntries(pairs) : undefined
}

function BytesInput({ id, value, field, onChange }: InputProps) {
  const [text, setText] = useState(value === undefined ? '' : bytesText(Number(value)))
  const good = text === '' || parseBytes(text) !== undefined
  return (
    <TextInput
      id={id}
      value={text}
      validated={good ? 'default' : 'error'}
      placeholder={field.default ? bytesText(Number(field.default)) : '20GiB'}
      onChange={(_, next) => {
        setText(next)
        onChange(next === '' ? undefined : parseBytes(next))
      }}
    />
  )
}

/** Whether a field of this name is typed unseen, and twice. */
const isPassword = (name: string) => name === 'password'

function Input(props: InputProps) {
  const { id, field, value, onChange, choices } = props
  if (field.kind === 'boolean')
    return <Switch id={id} aria-label={titleOf(props.name)} isChecked={Boolean(value ?? field.default ?? false)} onChange={(_, on) => onChange(on)} />
  const offered = choices ?? (field.kind === 'enum' ? field.values : undefined)
  if (offered && field.kind !== 'array')
    return (
      <FormSelect id={id} value={String(value ?? field.default ?? '')} onChange={(_, next) => onChange(next || undefined)}>
        {(field.default === undefined || field.default === '') && <FormSelectOption value="" label="—" />}
        {offered.map((name) => (
          <FormSelectOption key={name} value={name} label={name} />
        ))}
      </FormSelect>
    )
  if (field.kind === 'bytes') return <BytesInput {...props} />
  if (field.kind === 'integer' || field.kind === 'number')
    return (
      <TextInput
        id={id}
        type="number"
        value={value === undefined ? '' : String(value)}
        placeholder={field.default === undefined ? '' : String(field.default)}
        min={field.minimum}
        max={field.maximum}
        onChange={(_, next) => onChange(next === '' ? undefined : Number(next))}
      />
    )
  if (field.kind === 'array' || field.kind === 'map')
    return (
      <TextArea id={id} resizeOrientation="vertical" rows={2} defaultValue={lines(value)} placeholder={field.kind === 'map' ? 'key=value' : ''}
        onChange={(_, next) => onChange(linesBack(field.kind, next))} />
    )
  if (field.file)
    return <TextArea id={id} resizeOrientation="vertical" rows={3} value={String(value ?? '')} onChange={(_, next) => onChange(next || undefined)} />
  return (
    <TextInput id={id} value={String(value ?? '')} placeholder={String(field.default ?? '')} isRequired={field.required}
      onChange={(_, next) => onChange(next === '' ? undefined : next)} />
  )
}

/** What is offered for a field, by its name. */
export type Choices = Record<string, string[] | undefined>

interface FieldsProps {
  schema: string
  values: Values
  onChange: (values: Values) => void
  only?: string[]
  skip?: string[]
  choices?: Choices
  wrongField?: string
  wrong?: string
}

/** The inputs of one object of the schema. */
export function SchemaFields({ schema, values, onChange, only, skip = [], choices = {}, wrongField, wrong }: FieldsProps) {
  const all = Object.entries(fields[schema] ?? {}).filter(([name]) => (only ? only.includes(name) : !skip.includes(name)))
  const ordered = only ? only.flatMap((name) => all.filter(([each]) => each === name)) : all
  return ordered.map(([name, field]) => {
    const id = `${schema}-${name}`
    const set = (value: unknown) => onChange({ ...values, [name]: value })
    if (field.kind === 'object')
      return (
        <ExpandableSection key={name} toggleText={titleOf(name)} isIndented>
          <SchemaFields schema={field.object!} values={(values[name] as Values) ?? {}} onChange={set} wrongField={wrongField} wrong={wrong} />
        </ExpandableSection>
      )
    const isWrong = wrongField === `/${name}` || Boolean(wrongField?.startsWith(`/${name}/`))
    if (isPassword(name)) return <NewPassword key={name} id={id} onChange={set} wrong={isWrong ? wrong : undefined} />
    return (
      <FormGroup key={name} label={titleOf(name)} isRequired={field.required} fieldId={id}>
        <Input id={id} name={name} field={field} value={values[name]} choices={choices[name]} onChange={set} />
        <FormHelperText>
          <HelperText>
            <HelperTextItem variant={isWrong ? 'error' : 'default'}>{isWrong ? wrong : field.description}</HelperTextItem>
          </HelperText>
        </FormHelperText>
      </FormGroup>
    )
  })
}

function veiled(body: object): object {
  return Object.fromEntries(Object.entries(body).map(([name, value]) => [name, isPassword(name) ? '…' : value]))
}

export function SameThing({ id, schema, path, body }: { id: keyof Operations; schema: string; path: Record<string, string>; body: object }) {
  const command = commandFor(id, schema, path, body)
  return (
    <ExpandableSection toggleText={t.sameThing} className="truce-same">
      {command && (
        <ClipboardCopy isReadOnly isCode hoverTip={t.copy} clickTip={t.copied} textAriaLabel={t.command}>
          {command}
        </ClipboardCopy>
      )}
      <ClipboardCopy isReadOnly isCode isExpanded variant={ClipboardCopyVariant.expansion} hoverTip={t.copy} clickTip={t.copied} textAriaLabel={t.api}>
        {apiFor(id, path, veiled(body))}
      </ClipboardCopy>
    </ExpandableSection>
  )
}

interface DialogProps {
  title: string
  id: keyof Operations
  schema: string
  path?: Record<string, string>
  start?: Values
  first?: string[]
  skip?: string[]
  /** They may depend on what was chosen already. */
  choices?: Choices | ((values: Values) => Choices)
  /** `send` closes the window itself. */
  keepOpen?: boolean
  action?: string
  send: (body: Values) => Promise<unknown>
  close: () => void
}

/** A form in a window: the fields that matter first, all others on request, and the command that does the same. */
export function SchemaDialog({ title, id, schema, path = {}, start = {}, first, skip = [], choices, keepOpen, action = t.create, send, close }: DialogProps) {
  const [values, setValues] = useState<Values>(start)
  const body = cleaned(values)
  const { busy, error, submit } = useSending(async () => {
    await send(body)
    if (!keepOpen) close()
  })
  const offered = typeof choices === 'function' ? choices(values) : choices
  const all = Object.entries(fields[schema] ?? {})
  const shown = first ?? all.map(([name]) => name).filter((name) => !skip.includes(name))
  const lacksPassword = all.some(([name, field]) => isPassword(name) && field.required && !values[name])
  const wrongField = error instanceof ApiError ? error.field : ''
  return (
    <Modal isOpen variant={ModalVariant.medium} onClose={close} aria-label={title}>
      <ModalHeader title={title} />
      <ModalBody>
        <Form
          id="schema-form"
          onSubmit={(event) => {
            event.preventDefault()
            void submit()
          }}
        >
          {error && <Alert isInline variant="danger" title={error.message} />}
          <SchemaFields schema={schema} values={values} onChange={setValues} only={shown} choices={offered} wrongField={wrongField} wrong={error?.message} />
          {first && (
            <ExpandableSection toggleText={t.moreOptions}>
              <SchemaFields schema={schema} values={values} onChange={setValues} skip={shown} choices={offered} wrongField={wrongField} wrong={error?.message} />
            </ExpandableSection>
          )}
          <SameThing id={id} schema={schema} path={path} body={body} />
        </Form>
      </ModalBody>
      <ModalFooter>
        <Button type="submit" form="schema-form" isLoading={busy} isDisabled={busy || lacksPassword}>
          {action}
        </Button>
        <Button variant="link" onClick={close}>
          {t.cancel}
        </Button>
      </ModalFooter>
    </Modal>
  )
}
