// Where the parts of a network's picture are: all in pixels, pure.

export interface Box {
  x: number
  y: number
  width: number
  height: number
}

export interface Layout {
  width: number
  height: number
  outside: Box
  network: Box
  /** One for each machine. */
  machines: Box[]
  /** From the network down beside all rows. */
  trunk: { x: number; from: number; to: number } | null
  /** One above each row of machines, from the trunk to its last machine. */
  rows: { y: number; from: number; to: number }[]
}

const margin = 8
const gap = 16
const least = 168
const tall = 68
const between = 44
/** Where texts stand under each other that otherwise stand beside. */
export const narrow = 560
/** From a row's line down to its machines. */
export const stub = 18

/** A grid of `count` machines under their network, as wide as the place that there is. */
export function layoutOf(count: number, width: number): Layout {
  const inner = Math.max(width - 2 * margin, least)
  const outside: Box = { x: margin + inner / 2 - Math.min(inner, 300) / 2, y: margin, width: Math.min(inner, 300), height: 56 }
  const network: Box = { x: margin, y: outside.y + outside.height + between, width: inner, height: width < narrow ? 78 : 60 }
  const left = margin + gap
  const columns = Math.max(1, Math.floor((inner - gap + gap) / (least + gap)))
  const each = (inner - gap - (columns - 1) * gap) / columns
  const top = network.y + network.height + between
  const machines = Array.from({ length: count }, (_, index) => ({
    x: left + (index % columns) * (each + gap),
    y: top + Math.floor(index / columns) * (tall + stub + gap),
    width: each,
    height: tall,
  }))
  const rows = Array.from({ length: Math.ceil(count / columns) }, (_, row) => {
    const last = machines[Math.min((row + 1) * columns, count) - 1]!
    return { y: last.y - stub, from: left - gap / 2, to: last.x + last.width / 2 }
  })
  const end = machines.at(-1)
  return {
    width: inner + 2 * margin,
    height: (end ? end.y + end.height : network.y + network.height) + margin,
    outside,
    network,
    machines,
    trunk: rows.length > 0 ? { x: left - gap / 2, from: network.y + network.height, to: rows.at(-1)!.y } : null,
    rows,
  }
}

/** The first address of an IPv4 subnet, which is the host's; nothing for what is none. */
export function firstAddress(subnet: string): string {
  const found = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\/\d+$/.exec(subnet)
  return found ? `${found[1]}.${found[2]}.${found[3]}.${Number(found[4]) + 1}` : ''
}

function numberOf(address: string): number | undefined {
  const parts = address.split('.').map(Number)
  if (parts.length !== 4 || parts.some((part) => !(part >= 0 && part <= 255))) return undefined
  return parts.reduce((sum, part) => sum * 256 + part, 0)
}

/** Whether an IPv4 address is one of a subnet's. */
export function isOf(address: string, subnet: string): boolean {
  const [base = '', bits = ''] = subnet.split('/')
  const [one, other] = [numberOf(address), numberOf(base)]
  if (one === undefined || other === undefined || bits === '') return false
  const size = 2 ** (32 - Number(bits))
  return Math.floor(one / size) === Math.floor(other / size)
}

/** The addresses that a machine has on a network: those that are fixed, and those that were seen. */
export function addressesOn(network: { name: string; subnet: string }, vm: { addresses: string[]; nics: { network: string; address: string; address6: string }[] }): string[] {
  const fixed = vm.nics.filter((nic) => nic.network === network.name).flatMap((nic) => [nic.address, nic.address6])
  const only = vm.nics.every((nic) => nic.network === network.name)
  const seen = vm.addresses.filter((address) => only || isOf(address, network.subnet))
  return [...new Set([...fixed, ...seen])].filter(Boolean)
}

/** As much of a text as there is room for, at about so many pixels a letter. */
export function fitted(text: string, width: number, letter = 8): string {
  const room = Math.max(1, Math.floor(width / letter))
  return text.length <= room ? text : `${text.slice(0, room - 1)}…`
}
