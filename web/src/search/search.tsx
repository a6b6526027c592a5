// One box that finds anything: objects of all kinds, views, what was looked at last.
import './search.css'
import { Alert, Button, Modal, ModalBody, ModalHeader, ModalVariant, TextInputGroup, TextInputGroupMain } from '@patternfly/react-core'
import { SearchIcon } from '@patternfly/react-icons'
import { useEffect, useMemo, useState, type KeyboardEvent } from 'react'
import { useNavigate } from 'react-router'
import { call } from '../api/client'
import type { SearchHits } from '../api/schema'
import { useSession } from '../session/session'
import { t } from '../strings'
import { grouped, viewsNamed, type Choice, type Group } from './choices'
import { recentPlaces } from './recent'

const pause = 150
const limit = 50

interface Found {
  text: string
  hits: SearchHits
}

/** Asks the server once the typing pauses; an answer that is no longer wanted is dropped. */
function useHits(text: string) {
  const [found, setFound] = useState<Found | null>(null)
  const [error, setError] = useState('')
  const wanted = text.trim()
  useEffect(() => {
    setError('')
    if (!wanted) return setFound(null)
    const abort = new AbortController()
    const timer = setTimeout(() => {
      call('search', { query: { text: wanted, limit }, signal: abort.signal }).then(
        (hits) => setFound({ text: wanted, hits }),
        (problem: Error) => !abort.signal.aborted && setError(problem.message),
      )
    }, pause)
    return () => {
      clearTimeout(timer)
      abort.abort()
    }
  }, [wanted])
  return { found: wanted ? found : null, error, waiting: wanted !== '' && found?.text !== wanted && !error }
}

function Option({ choice, id, active, go, point }: { choice: Choice; id: string; active: boolean; go: () => void; point: () => void }) {
  return (
    <div id={id} role="option" aria-selected={active} className="truce-choice" onMouseMove={point} onClick={go}>
      <span className="truce-choice-title">{choice.title}</span>
      {choice.why && <span className="truce-choice-why">{choice.why}</span>}
    </div>
  )
}

function Results({ groups, active, go, point }: { groups: Group[]; active: number; go: (choice: Choice) => void; point: (at: number) => void }) {
  let at = 0
  return (
    <div role="listbox" id="search-results" aria-label={t.search.results} className="truce-results">
      {groups.map((group, index) => (
        <div role="group" key={group.title} aria-labelledby={`search-group-${index}`}>
          <div className="truce-group" id={`search-group-${index}`} role="presentation">
            {group.title}
          </div>
          {group.choices.map((choice) => {
            const mine = at++
            return <Option key={choice.to} id={`search-${mine}`} choice={choice} active={mine === active} go={() => go(choice)} point={() => point(mine)} />
          })}
        </div>
      ))}
    </div>
  )
}

function groupsFor(text: string, found: Found | null, views: string[], user: string): Group[] {
  const groups: Group[] = text.trim()
    ? [...grouped(found?.hits.items ?? []), { title: t.search.views, choices: viewsNamed(text, views) }]
    : [{ title: t.search.recent, choices: recentPlaces(user) }, { title: t.search.views, choices: viewsNamed('', views) }]
  return groups.filter((group) => group.choices.length > 0)
}

function Box({ views, close }: { views: string[]; close: () => void }) {
  const { user } = useSession()
  const navigate = useNavigate()
  const [text, setText] = useState('')
  const [active, setActive] = useState(0)
  const [eager, setEager] = useState(false)
  const { found, error, waiting } = useHits(text)
  const groups = useMemo(() => groupsFor(text, found, views, user), [text, found, views, user])
  const choices = groups.flatMap((group) => group.choices)
  const at = Math.min(active, choices.length - 1)
  useEffect(() => {
    document.getElementById(`search-${at}`)?.scrollIntoView({ block: 'nearest' })
  }, [at, groups])
  const go = (choice: Choice) => {
    close()
    void navigate(choice.to)
  }
  // Enter pressed before the answer is there goes to the best of it.
  useEffect(() => {
    if (!eager || waiting) return
    setEager(false)
    if (choices[at]) go(choices[at])
  })
  const pressed = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (step && choices.length > 0) setActive((at + step + choices.length) % choices.length)
    else if (event.key === 'Enter') setEager(true)
    else return
    event.preventDefault()
  }
  const said = waiting ? t.loading : choices.length > 0 ? t.search.count(choices.length) : t.noneFound
  return (
    <Modal isOpen variant={ModalVariant.medium} position="top" onClose={close} aria-label={t.search.title} className="truce-search" elementToFocus="#search-text">
      <ModalHeader title={t.search.title} />
      <ModalBody tabIndex={-1}>
        <TextInputGroup>
          <TextInputGroupMain inputId="search-text" icon={<SearchIcon />} placeholder={t.search.hint} aria-label={t.search.title} role="combobox" isExpanded aria-controls="search-results"
            aria-activedescendant={choices.length > 0 ? `search-${at}` : undefined} autoComplete="off" value={text}
            onChange={(_, next) => {
              setText(next)
              setActive(0)
              setEager(false)
            }}
            onKeyDown={pressed} />
        </TextInputGroup>
        {error && <Alert isInline variant="danger" title={error} />}
        <div role="status" className="truce-group">
          {text.trim() && said}
        </div>
        <Results groups={groups} active={at} go={go} point={setActive} />
        {found?.hits.more && <p className="truce-choice-why">{t.search.more}</p>}
      </ModalBody>
    </Modal>
  )
}

/** Whether keys belong to what is focused: an input, or a machine's console. */
function takesKeys(target: EventTarget | null, slash: boolean): boolean {
  if (!(target instanceof Element)) return false
  if (target.closest('.truce-terminal, .truce-screen')) return true
  return slash && (target.matches('input, textarea, select') || (target as HTMLElement).isContentEditable)
}

/** The button in the head, and the keys `/` and Ctrl-K. */
export function Search({ views }: { views: string[] }) {
  const [open, setOpen] = useState(false)
  useEffect(() => {
    const pressed = (event: globalThis.KeyboardEvent) => {
      const slash = event.key === '/' && !event.ctrlKey && !event.metaKey && !event.altKey
      const k = event.key.toLowerCase() === 'k' && (event.ctrlKey || event.metaKey)
      // A window that is open already keeps the page behind it shut.
      if ((!slash && !k) || takesKeys(event.target, slash) || document.querySelector('[role=dialog]')) return
      event.preventDefault()
      setOpen(true)
    }
    document.addEventListener('keydown', pressed)
    return () => document.removeEventListener('keydown', pressed)
  }, [])
  return (
    <>
      <Button variant="control" aria-label={t.search.title} aria-keyshortcuts="/ Control+K" onClick={() => setOpen(true)} icon={<SearchIcon />}>
        <span className="truce-wide">
          {t.search.title} <kbd>/</kbd>
        </span>
      </Button>
      {open && <Box views={views} close={() => setOpen(false)} />}
    </>
  )
}
