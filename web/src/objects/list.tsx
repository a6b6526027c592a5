// The list of any noun that needs no view of its own: all from the API's tables.
import { Alert, Button, PageSection, Title, Toolbar, ToolbarContent, ToolbarItem } from '@patternfly/react-core'
import { useState } from 'react'
import { Link, useSearchParams } from 'react-router'
import type { OperationId } from '../api/client'
import { useLive } from '../api/live'
import { operations } from '../api/schema'
import { useMay } from '../session/session'
import { FilterInput } from '../shared/filter_input'
import { cellText, titleOf } from '../shared/format'
import { State } from '../shared/state'
import { VirtualTable } from '../shared/table'
import { t } from '../strings'
import { CreateObject } from './dialogs'
import { extras } from './extras'
import type { Noun } from './nouns'
import type { Item } from './objects'

function columnsOf(noun: Noun) {
  const cli = operations[noun.list].cli!
  const own = extras[noun.name]?.columns
  if (own) return own
  return (cli.columns ?? ['name']).map((column) => ({
    title: titleOf(column),
    cell: (item: Item) => {
      if (column === 'name') return <Link to={`/${noun.path}/${encodeURIComponent(item.name)}`}>{item.name}</Link>
      if (column === 'state' && item.state) return <State value={String(item.state)} />
      const text = cellText(item[column], cli.bytes?.includes(column))
      return <span title={text}>{text}</span>
    },
  }))
}

export function ObjectsPage({ noun }: { noun: Noun }) {
  const [search, setSearch] = useSearchParams()
  const contains = search.get('contains') ?? ''
  const list = useLive(noun.list)
  const [creating, setCreating] = useState(false)
  const may = useMay()
  const items = (list.items as unknown as Item[]).filter((item) => item.name.includes(contains))
  const allowed = (id?: OperationId) => id !== undefined && may(operations[id].permission as 'view')
  const find = (text: string) => setSearch(text ? { contains: text } : {}, { replace: true })
  return (
    <>
      <PageSection>
        <Title headingLevel="h1">{t.nav[noun.path]}</Title>
      </PageSection>
      <PageSection>
        {extras[noun.name]?.above?.()}
        {list.error && <Alert isInline variant="danger" title={list.error} />}
        <Toolbar>
          <ToolbarContent>
            <ToolbarItem>
              <FilterInput label={t.filter} value={contains} onChange={find} />
            </ToolbarItem>
            {allowed(noun.create) && (
              <ToolbarItem>
                <Button onClick={() => setCreating(true)}>{t.create}</Button>
              </ToolbarItem>
            )}
            {extras[noun.name]?.list?.()}
          </ToolbarContent>
        </Toolbar>
        <VirtualTable label={t.nav[noun.path]!} items={items} columns={columnsOf(noun)} ready={list.ready} more={list.more} loadMore={list.loadMore} empty={contains ? t.noneFound : t.noneYet} />
      </PageSection>
      {creating && <CreateObject noun={noun} close={() => setCreating(false)} />}
    </>
  )
}
