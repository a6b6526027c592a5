// The serial line of a machine as a terminal.
import '@xterm/xterm/css/xterm.css'
import { ActionList, ActionListItem, Button } from '@patternfly/react-core'
import { FitAddon } from '@xterm/addon-fit'
import { Terminal } from '@xterm/xterm'
import { useEffect, useRef, useState } from 'react'
import { t } from '../strings'
import { ownWindow, socketAddress, stateName, Status, useWayOut, type State } from './console_line'

export function SerialConsole({ name, alone }: { name: string; alone?: boolean }) {
  const frame = useRef<HTMLDivElement>(null)
  const tools = useRef<HTMLDivElement>(null)
  useWayOut(frame, tools)
  const [state, setState] = useState<State>('connecting')
  const [turn, setTurn] = useState(0)
  useEffect(() => {
    let over = false
    let socket: WebSocket | undefined
    const terminal = new Terminal({ fontSize: 14, convertEol: false, screenReaderMode: true })
    const fit = new FitAddon()
    terminal.loadAddon(fit)
    terminal.open(frame.current!)
    fit.fit()
    const resized = new ResizeObserver(() => fit.fit())
    resized.observe(frame.current!)
    const typed = terminal.onData((text) => socket?.readyState === WebSocket.OPEN && socket.send(new TextEncoder().encode(text)))
    setState('connecting')
    socketAddress(name, 'serial')
      .then((url) => {
        if (over) return
        socket = new WebSocket(url)
        socket.binaryType = 'arraybuffer'
        socket.onopen = () => {
          setState('connected')
          terminal.focus()
        }
        socket.onmessage = ({ data }) => terminal.write(new Uint8Array(data as ArrayBuffer))
        socket.onclose = ({ reason }) => !over && setState({ ended: reason })
      })
      .catch((error: Error) => !over && setState({ ended: error.message }))
    return () => {
      over = true
      typed.dispose()
      resized.disconnect()
      socket?.close()
      terminal.dispose()
    }
  }, [name, turn])
  return (
    <>
      <div ref={tools}>
        <ActionList className="truce-keys">
          <ActionListItem>
            <Button variant="secondary" size="sm" onClick={() => void frame.current?.requestFullscreen()}>
              {t.machine.fullScreen}
            </Button>
          </ActionListItem>
          {!alone && (
            <ActionListItem>
              <Button variant="secondary" size="sm" onClick={() => ownWindow(name, 'serial')}>
                {t.machine.ownWindow}
              </Button>
            </ActionListItem>
          )}
          <ActionListItem>
            <span className="truce-subtle">{t.machine.wayOut}</span>
          </ActionListItem>
        </ActionList>
      </div>
      <Status state={state} again={() => setTurn(turn + 1)} />
      <div ref={frame} className="truce-terminal" data-testid="serial" data-state={stateName(state)} />
    </>
  )
}
