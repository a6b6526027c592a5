import { afterEach, describe, expect, it, vi } from 'vitest'
import { conditionText, durationText, measuredText } from '../src/alarms/condition'
import { follow } from '../src/api/reading'
import type { Alarm } from '../src/api/schema'
import { stream, type Listener } from '../src/api/stream'
import { accountOf, points, quantityText, strokes, summed, timesOf, unitOf } from '../src/metrics/series'

describe('series', () => {
  it('have gaps where nothing was measured', () => {
    expect(points([1, -1, 0])).toEqual([1, null, 0])
    expect(strokes(points([0, 5, -1, 10]), 10, 30, 10)).toEqual(['0.0,10.0 10.0,5.0', '30.0,0.0 30.0,0.0'])
    expect(strokes([], 0, 30, 10)).toEqual([])
  })
  it('know when each step began', () => {
    const line = { name: 'cpu', unit: 'percent', average: [1, 2, 3], maximum: [1, 2, 3] }
    expect(timesOf({ start: '1970-01-01T00:01:40Z', step_seconds: 10, lines: [line] })).toEqual([100, 110, 120])
    expect(timesOf({ start: '1970-01-01T00:01:40Z', step_seconds: 10, lines: [] })).toEqual([])
  })
  it('are told in words', () => {
    expect(accountOf([null, 2, 4], [null, 9, 5])).toEqual({ last: 4, least: 2, most: 9, average: 3 })
    expect(accountOf([null])).toBeUndefined()
    expect([quantityText(12.34, 'percent'), quantityText(345.6, '/s'), quantityText(1536, 'bytes/s'), quantityText(1 << 30, 'bytes')]).toEqual(['12.3 %', '346/s', '1.5KiB/s', '1GiB'])
  })
  it('are added from their ends, by their weight', () => {
    expect(summed([{ values: [1, 2, 3], weight: 1 }, { values: [10, null], weight: 2 }])).toEqual([1, 22, 3])
    expect(summed([{ values: [null], weight: 1 }])).toEqual([null])
    expect(summed([])).toEqual([])
  })
})

describe('an alarm in words', () => {
  const alarm = { name: 'a', subject: 'vm', metric: 'cpu', above: 90, state: '', for_seconds: 300 } as Alarm
  it('says when it is raised', () => {
    expect(conditionText(alarm)).toBe('cpu above 90 % for 5 min')
    expect(conditionText({ ...alarm, metric: 'memory', above: undefined, below: 1 << 30, for_seconds: 0 })).toBe('memory below 1GiB')
    expect(conditionText({ ...alarm, metric: '', above: undefined, subject: 'host', state: 'offline' })).toBe('host is offline for 5 min')
    expect(conditionText({ ...alarm, metric: '', state: 'problem', for_seconds: 61 })).toBe('vm has a problem for 61 s')
    expect([durationText(0), durationText(7200)]).toEqual(['0 s', '2 h'])
    expect([measuredText(alarm, 97.3), measuredText({ ...alarm, metric: '' }, 0)]).toEqual(['97.3 %', ''])
  })
  it('knows the units of what is measured', () => {
    expect(['cpu', 'cpu_iowait', 'memory_percent', 'pressure_io', 'memory', 'used', 'disk_read', 'net_send', 'disk_iops'].map(unitOf)).toEqual([
      'percent', 'percent', 'percent', 'percent', 'bytes', 'bytes', 'bytes/s', 'bytes/s', '/s',
    ])
  })
})

describe('an answer that is kept fresh', () => {
  afterEach(() => {
    vi.useRealTimers()
    vi.restoreAllMocks()
  })
  it('is read again when something has changed, at most once a second', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    let told!: Listener
    vi.spyOn(stream, 'add').mockImplementation((listener) => {
      told = listener
      return () => undefined
    })
    let reads = 0
    const seen: (number | undefined)[] = []
    const end = follow(() => Promise.resolve({ revision: ++reads }), ['vms'], 1000, ({ value }) => seen.push(value?.revision))
    for (let turn = 0; turn < 29; turn += 1) {
      await vi.advanceTimersByTimeAsync(100)
      told.changed({ kind: 'vms', revision: turn, name: 'a', object: null })
    }
    expect(reads).toBe(3)
    await vi.advanceTimersByTimeAsync(5000)
    expect(seen).toEqual([1, 2, 3, 4])
    end()
    told.gone()
    await vi.advanceTimersByTimeAsync(5000)
    expect(reads).toBe(4)
  })
})
