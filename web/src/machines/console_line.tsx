// What the screen and the serial line share: how they are reached, and what is said of the connection.
import { Alert, Button } from '@patternfly/react-core'
import { useEffect, type RefObject } from 'react'
import { call } from '../api/client'
import { t } from '../strings'

export type State = 'connecting' | 'connected' | { ended: string }

/** By a ticket that is good once. */
export async function socketAddress(name: string, kind: 'serial' | 'vnc'): Promise<string> {
  const { path } = await call('open_console', { path: { name }, body: { kind } })
  return `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}${path}`
}

export function Status({ state, again }: { state: State; again: () => void }) {
  if (state === 'connected') return null
  if (state === 'connecting') return <Alert isInline isPlain variant="info" title={t.machine.connecting} />
  return (
    <Alert isInline variant="warning" title={state.ended || t.machine.disconnected}>
      <Button variant="link" isInline onClick={again}>
        {t.machine.reconnect}
      </Button>
    </Alert>
  )
}

/** For tests and for style: connecting, connected or ended. */
export const stateName = (state: State) => (typeof state === 'string' ? state : 'ended')

/** Ctrl-Alt-Home goes from the guest's keyboard, which takes all other keys, to the buttons above it. */
export function useWayOut(console: RefObject<HTMLElement | null>, tools: RefObject<HTMLElement | null>) {
  useEffect(() => {
    const frame = console.current
    const leave = (event: KeyboardEvent) => {
      if (!event.ctrlKey || !event.altKey || event.key !== 'Home') return
      event.preventDefault()
      event.stopPropagation()
      tools.current?.querySelector<HTMLElement>('button:not(:disabled)')?.focus()
    }
    frame?.addEventListener('keydown', leave, true)
    return () => frame?.removeEventListener('keydown', leave, true)
  }, [console, tools])
}

/** A window that has nothing but this console. */
export function ownWindow(name: string, kind: 'screen' | 'serial') {
  window.open(`/alone/${encodeURIComponent(name)}/${kind}`, '_blank', 'width=1100,height=800')
}
