// One object of any noun that needs no view of its own, at an address of its own.
import { ActionList, ActionListItem, Alert, Breadcrumb, BreadcrumbItem, Button, EmptyState, PageSection, Title } from '@patternfly/react-core'
import { useState } from 'react'
import { Link, useNavigate, useParams } from 'react-router'
import type { OperationId } from '../api/client'
import { useOne } from '../api/one'
import { operations } from '../api/schema'
import { useMay } from '../session/session'
import { Loading } from '../shared/loading'
import { State } from '../shared/state'
import { useToasts } from '../shared/toasts'
import { t } from '../strings'
import { ChangeObject, send } from './dialogs'
import { extras } from './extras'
import type { Noun } from './nouns'
import { ConfirmDelete, Details, type Item } from './objects'

function without(item: Item, apart: string[] = []) {
  return Object.fromEntries(Object.entries(item).filter(([key]) => !apart.includes(key)))
}

function Actions({ noun, item }: { noun: Noun; item: Item }) {
  const [open, setOpen] = useState<'set' | 'remove'>()
  const may = useMay()
  const navigate = useNavigate()
  const { run } = useToasts()
  const allowed = (id?: OperationId) => id !== undefined && may(operations[id].permission as 'view')
  const close = () => setOpen(undefined)
  const remove = async () => {
    extras[noun.name]?.deleting?.(item)
    if (await run(`${t.remove}: ${item.name}`, () => send(noun.remove!, item.name))) void navigate(`/${noun.path}`)
  }
  return (
    <ActionList className="truce-actions">
      {allowed(noun.set) && (
        <ActionListItem>
          <Button variant="secondary" onClick={() => setOpen('set')}>
            {t.change}
          </Button>
        </ActionListItem>
      )}
      {extras[noun.name]?.actions?.(item)}
      {allowed(noun.remove) && (
        <ActionListItem>
          <Button variant="secondary" isDanger onClick={() => setOpen('remove')}>
            {t.remove}
          </Button>
        </ActionListItem>
      )}
      {open === 'set' && <ChangeObject noun={noun} item={item} close={close} />}
      {open === 'remove' && <ConfirmDelete what={item.name} close={close} action={() => void remove()} />}
    </ActionList>
  )
}

export function ObjectPage({ noun }: { noun: Noun }) {
  const { name = '' } = useParams()
  const { item, ready, error } = useOne<Item>(noun, name)
  const shown = item && without(item, extras[noun.name]?.apart)
  if (!ready) return <Loading />
  return (
    <>
      <PageSection>
        <Breadcrumb>
          <BreadcrumbItem>
            <Link to={`/${noun.path}`}>{t.nav[noun.path]}</Link>
          </BreadcrumbItem>
          <BreadcrumbItem isActive>{name}</BreadcrumbItem>
        </Breadcrumb>
        {item && (
          <>
            <Title headingLevel="h1">
              {extras[noun.name]?.title?.(item) ?? name} {typeof shown?.state === 'string' && shown.state && <State value={shown.state} />}
            </Title>
            <Actions noun={noun} item={item} />
          </>
        )}
      </PageSection>
      <PageSection>
        {error && <Alert isInline variant="danger" title={error} />}
        {!item && !error && <EmptyState titleText={t.object.notFound(name)} headingLevel="h1" />}
        {item && typeof item.problem === 'string' && item.problem && <Alert isInline variant="warning" title={item.problem} />}
        {item && extras[noun.name]?.head?.(item)}
        {shown && <Details item={shown} bytes={operations[noun.list].cli!.bytes ?? []} />}
        {item && extras[noun.name]?.page?.(item)}
      </PageSection>
    </>
  )
}
