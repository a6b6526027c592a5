// Short messages about what was asked for, and the tasks that it began.
import { Alert, AlertActionCloseButton, AlertGroup } from '@patternfly/react-core'
import { createContext, useCallback, useContext, useMemo, useState, type ReactNode } from 'react'
import { call } from '../api/client'
import type { Task } from '../api/schema'
import { t } from '../strings'
import { isTask, runMany } from './many'

interface Toast {
  key: number
  variant: 'success' | 'danger' | 'info'
  title: string
  detail?: string
}

interface Toasts {
  say(variant: Toast['variant'], title: string, detail?: string): void
  /** Says when what was answered, or the task that it is, has failed or is done. */
  follow(what: string, answer: unknown): Promise<boolean>
  /** Runs a call and follows its answer. */
  run(what: string, work: () => Promise<unknown>): Promise<boolean>
  /** Does the same to all that are found, and says in one message how far it is and what has failed. */
  runEach(what: string, find: () => Promise<string[]>, work: (name: string) => Promise<unknown>): Promise<void>
}

const Context = createContext<Toasts | null>(null)
const shownFor = 8000
const longestWait = 60
const namedFailures = 5

let last = 0

async function ended(task: Task): Promise<Task> {
  while (task.state === 'queued' || task.state === 'running')
    task = await call('get_task', { path: { name: task.name }, query: { wait: longestWait } })
  return task
}

export function ToastProvider({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<Toast[]>([])
  const close = useCallback((key: number) => setToasts((all) => all.filter((toast) => toast.key !== key)), [])
  const put = useCallback((toast: Toast) => {
    const same = ({ key }: Toast) => key === toast.key
    setToasts((all) => (all.some(same) ? all.map((old) => (same(old) ? toast : old)) : [...all.slice(-4), toast]))
  }, [])
  const say = useCallback<Toasts['say']>(
    (variant, title, detail) => {
      const key = ++last
      put({ key, variant, title, detail })
      if (variant !== 'danger') setTimeout(() => close(key), shownFor)
    },
    [put, close],
  )
  const runEach = useCallback<Toasts['runEach']>(
    async (what, find, work) => {
      const key = ++last
      put({ key, variant: 'info', title: t.bulk.finding(what) })
      const names = await find().catch((error: Error) => error)
      if (names instanceof Error || names.length === 0) {
        close(key)
        return names instanceof Error ? say('danger', what, names.message) : say('info', what, t.bulk.unfit)
      }
      const { done, failed } = await runMany(names, work, (account) =>
        put({ key, variant: 'info', title: t.bulk.under(what, account.done + account.failed.length, account.total) }),
      )
      close(key)
      const named = failed.slice(0, namedFailures).map(({ name, why }) => `${name}: ${why}`)
      if (failed.length > namedFailures) named.push(t.bulk.moreFailed(failed.length - namedFailures))
      say(failed.length > 0 ? 'danger' : 'success', t.bulk.over(what, done, failed.length), named.join('\n'))
    },
    [put, close, say],
  )
  const run = useCallback<Toasts['run']>(
    async (what, work) => {
      try {
        const answer = await work()
        if (isTask(answer)) {
          const task = await ended(answer)
          if (task.state !== 'succeeded') throw new Error(task.error || task.state)
        }
        say('success', what)
        return true
      } catch (error) {
        say('danger', what, error instanceof Error ? error.message : String(error))
        return false
      }
    },
    [say],
  )
  const follow = useCallback<Toasts['follow']>((what, answer) => run(what, () => Promise.resolve(answer)), [run])
  const value = useMemo(() => ({ say, run, follow, runEach }), [say, run, follow, runEach])
  return (
    <Context.Provider value={value}>
      {children}
      <AlertGroup isToast isLiveRegion>
        {toasts.map(({ key, variant, title, detail }) => (
          <Alert key={key} variant={variant} title={title} actionClose={<AlertActionCloseButton onClose={() => close(key)} />}>
            {detail && <span className="truce-lines">{detail}</span>}
          </Alert>
        ))}
      </AlertGroup>
    </Context.Provider>
  )
}

export function useToasts(): Toasts {
  const toasts = useContext(Context)
  if (!toasts) throw new Error('no ToastProvider')
  return toasts
}
