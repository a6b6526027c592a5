import { describe, expect, it } from 'vitest'
import { chords, press } from '../src/machines/keys'
import { firstPlan, hasSource, requestOf, withSource } from '../src/machines/create/plan'

describe('a new machine', () => {
  const named = { ...firstPlan, values: { ...firstPlan.values, name: 'web01' } }
  it('needs something to begin with', () => {
    expect(hasSource(firstPlan)).toBe(false)
    expect(hasSource({ ...firstPlan, values: { template: 'tiny@1' } })).toBe(true)
    expect(hasSource(withSource(firstPlan, 'iso'))).toBe(false)
    expect(hasSource(withSource(firstPlan, 'empty'))).toBe(true)
    expect(hasSource({ ...withSource(firstPlan, 'snapshot'), vm: 'a', snapshot: 'b' })).toBe(true)
  })
  it('forgets what another source had, and keeps what was typed', () => {
    const planned = withSource({ ...named, values: { ...named.values, template: 'tiny@1', memory: 1 << 30 } }, 'iso')
    expect(requestOf(planned).body).toEqual({ name: 'web01', start: true, memory: 1 << 30, cpus: 2, disk: 20 * 2 ** 30 })
    expect(requestOf(withSource(planned, 'template')).body).toEqual({ name: 'web01', start: true, memory: 1 << 30 })
  })
  it('of a snapshot is asked for at the snapshot', () => {
    expect(requestOf({ ...withSource(named, 'snapshot'), vm: 'old', snapshot: 'before' })).toEqual({
      id: 'clone_snapshot', schema: 'CloneOptions', path: { vm: 'old', name: 'before' }, body: { new_name: 'web01', start: true },
    })
  })
})

describe('keys that browsers keep', () => {
  it('go down in their order and up again', () => {
    const told: string[] = []
    press(chords.find(({ title }) => title === 'Ctrl-Alt-F2')!, (keysym, code, down) => told.push(`${code} ${keysym.toString(16)} ${down ? 'down' : 'up'}`))
    expect(told).toEqual(['ControlLeft ffe3 down', 'AltLeft ffe9 down', 'F2 ffbf down', 'F2 ffbf up', 'AltLeft ffe9 up', 'ControlLeft ffe3 up'])
  })
})
