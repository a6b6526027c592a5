// A network as a picture: where it leads, what it is, and the machines on it as they are now.
import './networks.css'
import { Alert, Content } from '@patternfly/react-core'
import { useEffect, useId, useRef, useState, type MouseEvent, type ReactNode } from 'react'
import { Link, useNavigate } from 'react-router'
import { call } from '../api/client'
import { useLive } from '../api/live'
import type { Network, Vm } from '../api/schema'
import { t } from '../strings'
import { addressesOn, firstAddress, fitted, layoutOf, narrow, stub, type Box } from './layout'

/** More would not be looked at one by one. */
const drawn = 200
const padding = 12

/** The width of an element, as it changes. */
function useWidth() {
  const frame = useRef<HTMLDivElement>(null)
  const [width, setWidth] = useState(0)
  useEffect(() => {
    const watched = new ResizeObserver(([entry]) => setWidth(Math.floor(entry!.contentRect.width)))
    watched.observe(frame.current!)
    return () => watched.disconnect()
  }, [])
  return { frame, width }
}

/** How many machines there are on the network, where not all are read. */
function useCount(network: string, more: boolean, changes: unknown): number | undefined {
  const [count, setCount] = useState<number>()
  useEffect(() => {
    if (!more) return setCount(undefined)
    const abort = new AbortController()
    call('list_vms', { query: { network, offset: 0, limit: 1 }, signal: abort.signal }).then(({ total }) => setCount(total), () => {})
    return () => abort.abort()
  }, [network, more, changes])
  return count
}

function Frame({ box, className, children }: { box: Box; className: string; children?: ReactNode }) {
  return (
    <>
      <rect className={className} x={box.x} y={box.y} width={box.width} height={box.height} rx={8} />
      {children}
    </>
  )
}

function Lines({ box, lines, centred }: { box: Box; lines: string[]; centred?: boolean }) {
  const x = centred ? box.x + box.width / 2 : box.x + padding
  const shown = lines.filter(Boolean)
  const top = box.y + box.height / 2 - (shown.length - 1) * 10 + 5
  return shown.map((line, index) => (
    <text key={index} x={x} y={top + index * 20} textAnchor={centred ? 'middle' : 'start'} className={index === 0 ? 'truce-net-name' : 'truce-net-small'}>
      {fitted(line, box.width - 2 * padding, index === 0 ? 8.5 : 7.5)}
    </text>
  ))
}

function Machine({ vm, network, box, go }: { vm: Vm; network: Network; box: Box; go: (event: MouseEvent, to: string) => void }) {
  const to = `/machines/${encodeURIComponent(vm.name)}`
  const addresses = addressesOn(network, vm)
  return (
    <>
      <path className="truce-net-line" d={`M${box.x + box.width / 2} ${box.y - stub}V${box.y}`} />
      <a href={to} className="truce-net-machine" aria-label={[vm.name, vm.observed, ...addresses].join(', ')} onClick={(event) => go(event, to)}>
        <title>{[vm.name, vm.observed, ...addresses].join('\n')}</title>
        <Frame box={box} className="truce-net-box">
          <circle cx={box.x + padding + 5} cy={box.y + 19} r={5} className={`truce-net-state truce-net-${vm.observed}`} />
          <text x={box.x + padding + 18} y={box.y + 24} className="truce-net-name">
            {fitted(vm.name, box.width - 2 * padding - 18, 8.5)}
          </text>
          <text x={box.x + padding} y={box.y + 41} className="truce-net-small">
            {vm.observed}
          </text>
          <text x={box.x + padding} y={box.y + 58} className="truce-net-small">
            {fitted(addresses.join(' '), box.width - 2 * padding, 7)}
          </text>
        </Frame>
      </a>
    </>
  )
}

/** Whether a click is one that follows a link in the same window. */
const isPlain = (event: MouseEvent) => event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey

export function NetworkPicture({ network }: { network: Network }) {
  const { frame, width } = useWidth()
  const machines = useLive('list_vms', { network: network.name }, drawn)
  const hosts = useLive('list_hosts')
  const navigate = useNavigate()
  const id = useId()
  const shown = machines.items.slice(0, drawn)
  const count = useCount(network.name, machines.more, machines.items.length)
  const rest = (count ?? machines.items.length) - shown.length
  const layout = layoutOf(shown.length, width)
  const { outside, network: bar, trunk, rows } = layout
  const middle = outside.x + outside.width / 2
  const go = (event: MouseEvent, to: string) => {
    if (!isPlain(event)) return
    event.preventDefault()
    void navigate(to)
  }
  const where = [network.subnet, network.subnet6].filter(Boolean).join('  ')
  const leads = t.picture.leads[network.mode]
  const by = network.mode === 'bridged' ? t.picture.bridge(network.bridge) : firstAddress(network.subnet) && t.picture.hostAt(firstAddress(network.subnet))
  return (
    <section className="truce-net" aria-label={t.picture.title}>
      {machines.error && <Alert isInline variant="danger" title={machines.error} />}
      <div ref={frame}>
        {width > 0 && machines.ready && (
          <svg width={layout.width} height={layout.height} viewBox={`0 0 ${layout.width} ${layout.height}`} role="group" aria-labelledby={`${id}-title ${id}-desc`} data-testid="picture">
            <title id={`${id}-title`}>{`${t.picture.title}: ${network.name}`}</title>
            <desc id={`${id}-desc`}>{[network.mode, where, leads, by, t.picture.machines(count ?? shown.length)].filter(Boolean).join('; ')}</desc>
            <path className={network.mode === 'isolated' ? 'truce-net-line truce-net-cut' : 'truce-net-line'} d={`M${middle} ${outside.y + outside.height}V${bar.y}`} />
            <text x={middle + 10} y={outside.y + outside.height + 27} className="truce-net-small">
              {network.mode}
            </text>
            <Frame box={outside} className="truce-net-box">
              <Lines box={outside} centred lines={[hosts.items.map((host) => host.name).join(', ') || t.picture.host, leads]} />
            </Frame>
            <Frame box={bar} className="truce-net-bar">
              <Lines box={bar} centred lines={width < narrow ? [network.name, where, by] : [network.name, [where, by].filter(Boolean).join('  ·  ')]} />
            </Frame>
            {trunk && <path className="truce-net-line" d={`M${trunk.x} ${trunk.from}V${trunk.to}`} />}
            {rows.map((row) => (
              <path key={row.y} className="truce-net-line" d={`M${row.from} ${row.y}H${row.to}`} />
            ))}
            {shown.map((vm, index) => (
              <Machine key={vm.name} vm={vm} network={network} box={layout.machines[index]!} go={go} />
            ))}
          </svg>
        )}
      </div>
      {machines.ready && shown.length === 0 && <Content component="p">{t.picture.none}</Content>}
      {rest > 0 && <Link to={`/machines?network=${encodeURIComponent(network.name)}`}>{t.picture.more(rest)}</Link>}
    </section>
  )
}
