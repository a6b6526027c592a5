import { describe, expect, it } from 'vitest'
import { groupsOf, hasPeaks } from '../src/metrics/groups'

const line = (name: string, unit = 'percent') => ({ name, unit, average: [1, 2], maximum: [1, 3] })

describe('quantities are drawn', () => {
  it('together where they are compared, and each by itself where it is not known', () => {
    const lines = ['cpu', 'memory', 'memory_percent', 'net_send', 'net_receive', 'weight'].map((name) => line(name))
    const groups = groupsOf({ start: '', step_seconds: 10, lines })
    expect(groups.map((group) => [group.title, ...group.lines.map(({ name }) => name)])).toEqual([
      ['Processors', 'cpu'], ['Memory', 'memory'], ['Network', 'net_receive', 'net_send'], ['Weight', 'weight'],
    ])
  })
  it('with their peaks, where those are others', () => {
    expect(hasPeaks(line('cpu'))).toBe(true)
    expect(hasPeaks({ ...line('cpu'), maximum: [1, 2] })).toBe(false)
  })
})
