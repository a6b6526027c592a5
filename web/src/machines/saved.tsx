// Filters that a user keeps in this browser, as chips; and the one that is in force, to be kept.
import './saved.css'
import { Button, FormGroup, Label, LabelGroup, TextInput } from '@patternfly/react-core'
import { useState } from 'react'
import { useSession } from '../session/session'
import { FormDialog } from '../shared/dialog'
import { keep, kept } from '../shared/keep'
import { t } from '../strings'
import { questionOf, withFilter, type SavedFilter } from './filters'

interface Props {
  /** Which table, such as `machines`. */
  view: string
  search: URLSearchParams
  apply: (search: URLSearchParams) => void
}

function NameDialog({ save, close }: { save: (name: string) => void; close: () => void }) {
  const [name, setName] = useState('')
  const send = async () => {
    save(name.trim())
    close()
  }
  return (
    <FormDialog title={t.saved.save} what={t.saved.what} action={t.save} ready={name.trim() !== ''} send={send} close={close}>
      {() => (
        <FormGroup label={t.saved.name} isRequired fieldId="filter-name">
          <TextInput id="filter-name" isRequired maxLength={60} value={name} onChange={(_, text) => setName(text)} />
        </FormGroup>
      )}
    </FormDialog>
  )
}

export function SavedFilters({ view, search, apply }: Props) {
  const { user } = useSession()
  const key = `filters-${view}`
  const [all, setAll] = useState(() => kept<SavedFilter[]>(key, user, []))
  const [naming, setNaming] = useState(false)
  const now = questionOf(search)
  const set = (filters: SavedFilter[]) => {
    keep(key, user, filters)
    setAll(filters)
  }
  const known = all.some(({ query }) => query === now)
  return (
    <>
      {all.length > 0 && (
        <LabelGroup className="truce-saved" categoryName={t.saved.title} numLabels={6}>
          {all.map(({ name, query }) => (
            <Label key={name} color={query === now ? 'blue' : 'grey'} variant={query === now ? 'filled' : 'outline'} closeBtnAriaLabel={`${t.remove}: ${name}`}
              onClick={() => apply(new URLSearchParams(query === now ? '' : query))} onClose={() => set(all.filter((each) => each.name !== name))}>
              {name}
            </Label>
          ))}
        </LabelGroup>
      )}
      {now !== '' && !known && (
        <Button variant="link" onClick={() => setNaming(true)}>
          {t.saved.save}
        </Button>
      )}
      {naming && <NameDialog save={(name) => set(withFilter(all, { name, query: now }))} close={() => setNaming(false)} />}
    </>
  )
}
