import { afterEach, describe, expect, it, vi } from 'vitest'
import { stream, type Listener } from '../src/api/stream'
import { runMany } from '../src/shared/many'
import { count, isChosen, nothingChosen, toggled, type Selection } from '../src/shared/selection'

afterEach(() => vi.restoreAllMocks())

const task = (name: string, state: string, error = '') => ({ name, kind: 'vm.start', state, steps: [], error })

describe('the same done to many', () => {
  it('runs six at a time and gives one account', async () => {
    vi.spyOn(stream, 'add').mockReturnValue(() => undefined)
    let now = 0
    let most = 0
    const names = Array.from({ length: 50 }, (_, n) => `vm${n}`)
    const account = await runMany(names, async (name) => {
      most = Math.max(most, (now += 1))
      await new Promise((resolve) => setTimeout(resolve, 1))
      now -= 1
      if (name === 'vm7') throw new Error('is busy')
    }, () => undefined)
    expect(most).toBe(6)
    expect(account).toEqual({ done: 49, failed: [{ name: 'vm7', why: 'is busy' }], total: 50 })
  })

  it('waits for the tasks, as the stream tells of them', async () => {
    let listener!: Listener
    vi.spyOn(stream, 'add').mockImplementation((given) => {
      listener = given
      return () => undefined
    })
    const end = (name: string, state: string, error = '') => listener.changed({ kind: 'tasks', revision: 1, name, object: task(name, state, error) })
    const running = runMany(['a', 'b'], async (name) => {
      if (name === 'a') end('task-a', 'succeeded') // before its answer is there
      return task(`task-${name}`, 'running')
    }, () => undefined)
    await new Promise((resolve) => setTimeout(resolve, 5))
    end('task-b', 'failed', 'no memory')
    expect(await running).toEqual({ done: 1, failed: [{ name: 'b', why: 'no memory' }], total: 2 })
  })
})

describe('a selection', () => {
  const item = (name: string) => ({ name })
  it('is of some, or of all but some', () => {
    let some: Selection<{ name: string }> = toggled(nothingChosen as Selection<{ name: string }>, item('a'), true)
    expect([isChosen(some, 'a'), isChosen(some, 'b'), count(some, 9)]).toEqual([true, false, 1])
    some = toggled(some, item('a'), false)
    expect(count(some, 9)).toBe(0)
    let all: Selection<{ name: string }> = { all: true, names: new Map() }
    all = toggled(all, item('a'), false)
    expect([isChosen(all, 'a'), isChosen(all, 'z'), count(all, 40_000)]).toEqual([false, true, 39_999])
    expect(count(toggled(all, item('a'), true), 40_000)).toBe(40_000)
  })
})
