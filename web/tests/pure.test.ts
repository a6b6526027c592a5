import { navigationGroups } from '../src/navigation/groups'
import { describe, expect, it } from 'vitest'
import { fits } from '../src/api/filter'
import { EventParser } from '../src/api/sse'
import { questionOf, withFilter } from '../src/machines/filters'
import { keysOf } from '../src/machines/keys'
import { templateNameOf } from '../src/uploads/names'
import { nextPiece, Speed } from '../src/uploads/pace'
import { addressesOn, firstAddress, fitted, isOf, layoutOf } from '../src/networks/layout'
import { nearness } from '../src/session/nearness'
import { passwordFault } from '../src/shared/password_rule'
import { changed } from '../src/shared/changes'
import { linkOf } from '../src/shared/links'
import { grouped, placeIn, seenNow, viewsNamed } from '../src/search/choices'
import { apiFor, commandFor } from '../src/shared/command'
import { bytesText, cellText, durationText, parseBytes, titleOf } from '../src/shared/format'

describe('server-sent events', () => {
  it('come whole, however the stream is cut', () => {
    const text = 'event: put\nid: 7\ndata: {"a":1}\n\n: alive\n\nevent: delete\ndata: x\n\n'
    for (let cut = 0; cut <= text.length; cut += 1) {
      const parser = new EventParser()
      const events = [...parser.push(text.slice(0, cut)), ...parser.push(text.slice(cut))]
      expect(events).toEqual([{ event: 'put', data: '{"a":1}' }, { event: 'delete', data: 'x' }])
    }
  })
})

describe('a change belongs to a list', () => {
  const vm = { name: 'web01', observed: 'running', labels: { tier: 'a=b' }, project: 'shop' }
  it('when all that was asked for is true', () => {
    expect(fits(vm, {})).toBe(true)
    expect(fits(vm, { contains: 'eb', observed: 'running', label: 'tier', project: 'shop' })).toBe(true)
    expect(fits(vm, { label: 'tier=a=b' })).toBe(true)
  })
  it('and not otherwise', () => {
    expect(fits(vm, { contains: 'db' })).toBe(false)
    expect(fits(vm, { observed: 'off' })).toBe(false)
    expect(fits(vm, { label: 'tier=a' })).toBe(false)
    expect(fits(vm, { label: 'zone' })).toBe(false)
  })
})

describe('sizes', () => {
  it('are read as people write them', () => {
    expect(parseBytes('512MiB')).toBe(512 << 20)
    expect(parseBytes('1.5 GiB')).toBe(1.5 * 2 ** 30)
    expect(parseBytes('20G')).toBe(20 * 2 ** 30)
    expect(parseBytes('4096')).toBe(4096)
    expect(parseBytes('much')).toBeUndefined()
    expect(parseBytes('-1')).toBeUndefined()
  })
  it('are written as truce writes them', () => {
    expect([0, 1023, 1024, 512 << 20, 1.5 * 2 ** 30].map(bytesText)).toEqual(['0B', '1023B', '1KiB', '512MiB', '1.5GiB'])
  })
})

describe('cells', () => {
  it('show whatever a field holds', () => {
    expect(cellText(['a', 'b'])).toBe('a, b')
    expect(cellText({ a: 1 })).toBe('a=1')
    expect(cellText(1048576, true)).toBe('1MiB')
    expect(cellText(undefined)).toBe('')
    expect(titleOf('disk_size')).toBe('Disk size')
  })
})

describe('the same by command', () => {
  it('names what was chosen', () => {
    const body = { name: 'web01', template: 'tiny', memory: 134217728, labels: { tier: 'web one' }, start: true, forward: ['2222:22'] }
    expect(commandFor('create_vm', 'VmCreate', {}, body)).toBe(
      "truce vm create web01 --template tiny --memory 128MiB --labels 'tier=web one' --start --forward 2222:22",
    )
  })
  it('has the path filled in', () => {
    expect(apiFor('create_disk', { vm: 'web01' }, { size: 1 })).toBe('POST /v1/vms/web01/disks\n{\n  "size": 1\n}')
  })
})

describe('typing', () => {
  it('sends the keysyms of the letters', () => {
    expect(keysOf('a\n€')).toEqual([0x61, 0xff0d, 0x01000000 + 0x20ac])
  })
})

describe('a new password', () => {
  it('is long enough and the same twice', () => {
    expect(passwordFault('ä'.repeat(12), 'ä'.repeat(12))).toBe('')
    expect(passwordFault('short', 'short')).toContain('7 more')
    expect(passwordFault('a'.repeat(12), 'a'.repeat(11))).toContain('not the same')
  })
})

describe('a session', () => {
  it('is near its end five minutes before', () => {
    const end = '2026-01-01T12:00:00Z'
    expect(nearness(undefined, 0)).toBe('far')
    expect(nearness(end, Date.parse(end) - 300_001)).toBe('far')
    expect(nearness(end, Date.parse(end) - 300_000)).toBe('near')
    expect(nearness(end, Date.parse(end))).toBe('over')
  })
})

describe('links', () => {
  it('lead to what tasks and events are about', () => {
    expect(linkOf('vms/web01')).toBe('/machines/web01')
    expect(linkOf('vms/web01/disks/disk1')).toBe('/machines/web01/disks')
    expect(linkOf('templates/tiny@1')).toBe('/templates/tiny%401')
    expect(linkOf('server')).toBeUndefined()
    expect(linkOf('planets/mars')).toBeUndefined()
  })
})

describe('the search', () => {
  const hit = (kind: string, name: string, more = {}) => ({ kind, name, project: '', field: '', found: '', ...more })
  it('groups what was found and says why', () => {
    const groups = grouped([hit('networks', 'lab'), hit('vms', 'db', { field: 'addresses', found: '10.0.0.5', project: 'shop' }), hit('networks', 'lab2'), hit('planets', 'mars')])
    expect(groups.map(({ title, choices }) => [title, choices.map(({ to }) => to)])).toEqual([['Networks', ['/networks/lab', '/networks/lab2']], ['Machines', ['/machines/db']]])
    expect(groups[1]!.choices[0]!.why).toBe('addresses: 10.0.0.5, project shop')
  })
  it('knows views by name', () => {
    expect(viewsNamed(' POOL', ['overview', 'pools', 'resource-pools']).map(({ to }) => to)).toEqual(['/pools', '/resource-pools'])
  })
  it('remembers objects, each once', () => {
    const named = new Set(['machines'])
    expect(placeIn('/machines/web01/disks', named)).toEqual({ to: '/machines/web01', title: 'web01', why: 'Machines' })
    expect(placeIn('/machines', named)).toBeUndefined()
    const many = Array.from({ length: 20 }, (_, n) => ({ to: `/machines/${n % 12}`, title: '' })).reduce(seenNow, [])
    expect(many).toHaveLength(8)
    expect(new Set(many.map(({ to }) => to)).size).toBe(8)
  })
})

describe('a change', () => {
  it('holds what differs, and what was emptied', () => {
    expect(changed({ a: 'x', b: ['p'], c: 1, d: '' }, { a: 'y', c: 1 })).toEqual({ a: 'y', b: [] })
    expect(changed({ a: 'x' }, {})).toEqual({ a: '' })
  })
})

describe('durations', () => {
  it('are told in two units at most', () => {
    expect([0.04, 12.34, 75, 1800, 3900].map(durationText)).toEqual(['0 s', '12.3 s', '1 min 15 s', '30 min', '1 h 5 min'])
  })
})

describe('a file for a template', () => {
  it('gives it a name that names may have', () => {
    expect(templateNameOf('Fedora-Cloud_40.qcow2')).toBe('fedora-cloud-40')
    expect(templateNameOf('disk.raw.img')).toBe('disk')
    expect(templateNameOf('..Ünï .iso')).toBe('n')
    expect(templateNameOf('9front.iso')).toBe('9front')
    expect(templateNameOf('a'.repeat(80))).toHaveLength(63)
  })
  it('goes in pieces that the line can take', () => {
    expect(nextPiece(1 << 20, 100)).toBe(2 << 20)
    expect(nextPiece(4 << 20, 100)).toBe(4 << 20)
    expect(nextPiece(1 << 20, 5000)).toBe(1 << 20)
    expect(nextPiece(1 << 20, 9000)).toBe(1 << 19)
    expect(nextPiece(65536, 9000)).toBe(65536)
  })
  it('has the speed of the last seconds', () => {
    const speed = new Speed()
    expect(speed.perSecond).toBe(0)
    for (let second = 0; second <= 10; second += 1) speed.add(second * 1000, second * 100)
    expect(speed.perSecond).toBe(100)
    for (let second = 11; second <= 40; second += 1) speed.add(second * 1000, 1000 + (second - 10) * 500)
    expect(speed.perSecond).toBe(500)
  })
})

describe('the picture of a network', () => {
  it('has its machines in rows, none over another, all within it', () => {
    for (const [count, width] of [[0, 900], [1, 390], [14, 900], [200, 1200], [200, 320]] as const) {
      const { machines, width: wide, height, rows, network } = layoutOf(count, width)
      expect(machines).toHaveLength(count)
      const places = new Set(machines.map(({ x, y }) => `${x},${y}`))
      expect(places.size).toBe(count)
      for (const box of machines) {
        expect(box.x).toBeGreaterThanOrEqual(network.x)
        expect(box.x + box.width).toBeLessThanOrEqual(wide)
        expect(box.y + box.height).toBeLessThanOrEqual(height)
      }
      expect(rows).toHaveLength(new Set(machines.map(({ y }) => y)).size)
    }
    expect(layoutOf(200, 320).rows).toHaveLength(200)
  })
  it('knows whose an address is', () => {
    expect(firstAddress('10.88.0.0/24')).toBe('10.88.0.1')
    expect(firstAddress('fd00::/64')).toBe('')
    expect(isOf('10.88.0.7', '10.88.0.0/24')).toBe(true)
    expect(isOf('10.88.1.7', '10.88.0.0/24')).toBe(false)
    expect(isOf('fd00::1', '10.88.0.0/24')).toBe(false)
    expect(isOf('10.0.0.1', '')).toBe(false)
    const nic = (network: string, address = '') => ({ network, address, address6: '' })
    const two = { addresses: ['10.1.0.5', '10.2.0.5'], nics: [nic('a'), nic('b', '10.2.0.5')] }
    expect(addressesOn({ name: 'a', subnet: '10.1.0.0/16' }, two)).toEqual(['10.1.0.5'])
    expect(addressesOn({ name: 'b', subnet: '10.2.0.0/16' }, two)).toEqual(['10.2.0.5'])
    expect(addressesOn({ name: 'lan', subnet: '' }, { addresses: ['192.0.2.1'], nics: [nic('lan')] })).toEqual(['192.0.2.1'])
  })
  it('cuts texts to their room', () => {
    expect(fitted('web01', 100)).toBe('web01')
    expect(fitted('a'.repeat(50), 80)).toBe(`${'a'.repeat(9)}…`)
  })
})

describe('a saved filter', () => {
  it('is the question in the address, whatever its order', () => {
    expect(questionOf(new URLSearchParams('observed=running&create=1&contains='))).toBe('observed=running')
    expect(questionOf(new URLSearchParams('label=tier%3Dweb&contains=a'))).toBe(questionOf(new URLSearchParams('contains=a&label=tier%3Dweb')))
  })
  it('takes the place of one of its name', () => {
    const all = withFilter(withFilter([{ name: 'b', query: '1' }], { name: 'a', query: '2' }), { name: 'b', query: '3' })
    expect(all).toEqual([{ name: 'a', query: '2' }, { name: 'b', query: '3' }])
  })
})

it('every view is listed once, also one that no group names', () => {
  const views = ['overview', 'machines', 'plans', 'tasks', 'pools']
  const listed = navigationGroups(views)
  expect(listed.flatMap((each) => each.views).sort()).toEqual([...views].sort())
  expect(listed.find((each) => each.group === 'resources')!.views).toEqual(['pools', 'plans'])
  expect(listed.some((each) => each.group === 'people')).toBe(false)
})
