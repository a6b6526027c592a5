// Who is looking: known by a session's cookie, by the browser's certificate, or by a token.
import { createContext, useCallback, useContext, useEffect, useMemo, useRef, useState, type ReactNode } from 'react'
import { ApiError, call, credentials, onUnknownCaller } from '../api/client'
import type { Server } from '../api/schema'
import { stream } from '../api/stream'
import { t } from '../strings'
import { FirstRun } from './first_run'
import { SignIn } from './sign_in'

interface Who {
  user: string
  role: string
  /** An administrator of all projects. */
  unlimited: boolean
  server: Server
  /** Takes what a new sign-in, or a change of the account, has told. */
  renew: (server: Server) => void
  /** Fails when the server could not be told. */
  signOut: () => Promise<void>
}

const Context = createContext<Who | null>(null)

export function useSession(): Who {
  const who = useContext(Context)
  if (!who) throw new Error('not signed in')
  return who
}

/** Whether the caller's role lets them do what needs `permission`. */
export function useMay() {
  const { role } = useSession()
  return (permission: 'view' | 'operate' | 'administer') =>
    role === 'admin' || permission === 'view' || (permission === 'operate' && role === 'operator')
}

/** Who the caller is, with what the server says to nobody in particular when it does not know them. */
async function ask(): Promise<Server> {
  try {
    return await call('get_server')
  } catch (problem) {
    if (!(problem instanceof ApiError && problem.status === 401 && credentials.token)) throw problem
    credentials.token = ''
    return call('get_server')
  }
}

interface State {
  server: Server | null
  /** What is said on the page that asks who it is. */
  said: string
  error: string
}

export function Session({ children }: { children: ReactNode }) {
  const [state, setState] = useState<State>()
  const known = useRef(false)
  const take = useCallback((server: Server | null, said = '', error = '') => {
    credentials.csrf = server?.csrf ?? ''
    known.current = Boolean(server?.role)
    if (!known.current) stream.close()
    setState({ server, said, error })
  }, [])
  useEffect(() => {
    ask()
      .then((server) => take(server))
      .catch((problem: Error) => take(null, '', problem instanceof ApiError && problem.status === 401 ? '' : problem.message))
  }, [take])
  useEffect(() => {
    let asking = false
    onUnknownCaller(() => {
      if (!known.current || asking) return
      asking = true
      ask()
        .then((server) => !server.role && take(server, t.signIn.ended))
        .catch((problem) => problem instanceof ApiError && problem.status === 401 && take(null, t.signIn.ended))
        .finally(() => (asking = false))
    })
    return () => onUnknownCaller(() => {})
  }, [take])
  useEffect(() => {
    // Another tab may have signed in or out meanwhile: they share the cookie.
    const look = () => {
      if (!document.hidden && credentials.csrf) ask().then((server) => take(server, server.role ? '' : t.signIn.ended)).catch(() => {})
    }
    document.addEventListener('visibilitychange', look)
    return () => document.removeEventListener('visibilitychange', look)
  }, [take])
  const server = state?.server
  const who = useMemo<Who | null>(
    () =>
      server?.role
        ? {
            user: server.user,
            role: server.role,
            unlimited: server.role === 'admin' && server.projects.length === 0,
            server,
            renew: (fresh) => take(fresh, fresh.role ? '' : t.signIn.ended),
            signOut: async () => {
              // Nothing is asked any more by those whose session ends.
              stream.close()
              try {
                if (server.csrf) await call('sign_out')
              } catch (problem) {
                stream.restart()
                throw problem
              }
              credentials.token = ''
              take(await ask().catch(() => null))
            },
          }
        : null,
    [server, take],
  )
  if (state === undefined) return null
  if (who) return <Context.Provider value={who}>{children}</Context.Provider>
  if (server?.first_run) return <FirstRun done={take} />
  return <SignIn said={state.said} error={state.error} done={take} />
}
