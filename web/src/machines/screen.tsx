// The screen of a machine by VNC, with what a browser's keyboard and clipboard cannot do by themselves.
import { ActionList, ActionListItem, Button, Dropdown, DropdownItem, DropdownList, MenuToggle, Switch } from '@patternfly/react-core'
import RFB from '@novnc/novnc'
import { useEffect, useRef, useState } from 'react'
import { useToasts } from '../shared/toasts'
import { t } from '../strings'
import { ownWindow, socketAddress, stateName, Status, useWayOut, type State } from './console_line'
import { chords, keysOf, press, type Chord } from './keys'
import { TypeText } from './type_text'

const words = t.machine

interface ToolsProps {
  name: string
  alone?: boolean
  connected: boolean
  /** What the guest has copied, where it tells. */
  copied: string
  scaled: boolean
  scale: (on: boolean) => void
  ctrlAltDel: () => void
  send: (chord: Chord) => void
  type: (text: string) => void
  fill: () => void
}

function Tools({ name, alone, connected, copied, scaled, scale, ctrlAltDel, send, type, fill }: ToolsProps) {
  const [open, setOpen] = useState(false)
  const [typing, setTyping] = useState(false)
  const { say } = useToasts()
  // Browsers ask the user first, and some refuse.
  const paste = () => navigator.clipboard.readText().then(type, () => say('info', words.noClipboard))
  const copy = () => navigator.clipboard.writeText(copied).then(() => say('success', t.copied), (error: Error) => say('danger', words.copyFrom, error.message))
  const tools: [string, boolean, () => void][] = [
    [words.ctrlAltDel, connected, ctrlAltDel],
    [words.typeText, connected, () => setTyping(true)],
    [words.pasteText, connected, () => void paste()],
    ...(copied ? ([[words.copyFrom, true, () => void copy()]] as [string, boolean, () => void][]) : []),
    [words.fullScreen, true, fill],
    ...(alone ? [] : ([[words.ownWindow, true, () => ownWindow(name, 'screen')]] as [string, boolean, () => void][])),
  ]
  return (
    <ActionList className="truce-keys">
      {tools.map(([title, able, go]) => (
        <ActionListItem key={title}>
          <Button variant="secondary" size="sm" isDisabled={!able} onClick={go}>
            {title}
          </Button>
        </ActionListItem>
      ))}
      <ActionListItem>
        <Dropdown isOpen={open} onOpenChange={setOpen} onSelect={() => setOpen(false)}
          toggle={(ref) => (
            <MenuToggle ref={ref} size="sm" isExpanded={open} isDisabled={!connected} onClick={() => setOpen(!open)}>
              {words.keys}
            </MenuToggle>
          )}>
          <DropdownList>
            {chords.map((chord) => (
              <DropdownItem key={chord.title} onClick={() => send(chord)}>
                {chord.title}
              </DropdownItem>
            ))}
          </DropdownList>
        </Dropdown>
      </ActionListItem>
      <ActionListItem>
        <span className="truce-subtle">{words.wayOut}</span>
      </ActionListItem>
      <ActionListItem>
        <Switch id="scaled" label={words.scale} isChecked={scaled} onChange={(_, on) => scale(on)} />
      </ActionListItem>
      {typing && <TypeText send={type} close={() => setTyping(false)} />}
    </ActionList>
  )
}

export function Screen({ name, alone }: { name: string; alone?: boolean }) {
  const frame = useRef<HTMLDivElement>(null)
  const tools = useRef<HTMLDivElement>(null)
  const rfb = useRef<RFB | null>(null)
  useWayOut(frame, tools)
  const [state, setState] = useState<State>('connecting')
  const [turn, setTurn] = useState(0)
  const [scaled, setScaled] = useState(true)
  const [copied, setCopied] = useState('')
  const fits = useRef(scaled)
  useEffect(() => {
    let over = false
    setState('connecting')
    socketAddress(name, 'vnc')
      .then((url) => {
        if (over) return
        const client = new RFB(frame.current!, url)
        client.scaleViewport = fits.current
        client.addEventListener('connect', () => setState('connected'))
        client.addEventListener('disconnect', () => !over && setState({ ended: '' }))
        client.addEventListener('clipboard', (event) => setCopied((event as CustomEvent<{ text: string }>).detail.text))
        rfb.current = client
      })
      .catch((error: Error) => !over && setState({ ended: error.message }))
    return () => {
      over = true
      rfb.current?.disconnect()
      rfb.current = null
    }
  }, [name, turn])
  const scale = (on: boolean) => {
    setScaled((fits.current = on))
    if (rfb.current) rfb.current.scaleViewport = on
  }
  // A guest with an agent takes the text as its clipboard, too; typing works with any guest.
  const type = (text: string) => {
    rfb.current?.clipboardPasteFrom(text)
    for (const key of keysOf(text)) rfb.current?.sendKey(key, '')
    rfb.current?.focus()
  }
  return (
    <>
      <div ref={tools}>
        <Tools name={name} alone={alone} connected={state === 'connected'} copied={copied} scaled={scaled} scale={scale} ctrlAltDel={() => rfb.current?.sendCtrlAltDel()}
          send={(chord) => press(chord, (keysym, code, down) => rfb.current?.sendKey(keysym, code, down))} type={type} fill={() => void frame.current?.requestFullscreen()} />
      </div>
      <Status state={state} again={() => setTurn(turn + 1)} />
      <div ref={frame} className={scaled ? 'truce-screen' : 'truce-screen truce-screen-whole'} data-testid="screen" data-state={stateName(state)} />
    </>
  )
}
