// The same done to many: a few at a time, and one account of it.
import { call } from '../api/client'
import type { Task } from '../api/schema'
import { stream } from '../api/stream'

export interface Account {
  done: number
  failed: { name: string; why: string }[]
  total: number
}

const atOnce = 6
/** How long it is waited for the stream to tell of a task before the server is asked. */
const patience = 60_000

const over = (task: Task) => task.state !== 'queued' && task.state !== 'running'

export function isTask(answer: unknown): answer is Task {
  return typeof answer === 'object' && answer !== null && 'kind' in answer && 'state' in answer && 'steps' in answer
}

/** Hears from the stream how tasks end: to ask for each would hold the browser's few connections. */
class TaskEnds {
  private ended = new Map<string, Task>()
  private waiting = new Map<string, (task: Task | null) => void>()
  readonly close: () => void

  constructor() {
    this.close = stream.add({
      kind: 'tasks',
      changed: ({ name, object }) => {
        const task = object as Task | null
        if (!task || !over(task)) return
        const tell = this.waiting.get(name)
        if (tell) tell(task)
        else this.ended.set(name, task)
      },
      gone: () => this.waiting.forEach((tell) => tell(null)),
    })
  }

  async of(task: Task): Promise<Task> {
    while (!over(task)) {
      const { name } = task
      const told = this.ended.get(name) ?? (await this.next(name))
      this.ended.delete(name)
      task = told ?? (await call('get_task', { path: { name } }))
    }
    return task
  }

  private next(name: string): Promise<Task | null> {
    return new Promise((resolve) => {
      const tell = (task: Task | null) => {
        clearTimeout(timer)
        this.waiting.delete(name)
        resolve(task)
      }
      const timer = setTimeout(() => tell(null), patience)
      this.waiting.set(name, tell)
    })
  }
}

/** Does `work` to each of them, waits for the tasks that it begins, and tells how far it is after each. */
export async function runMany(names: string[], work: (name: string) => Promise<unknown>, told: (account: Account) => void): Promise<Account> {
  const ends = new TaskEnds()
  const account: Account = { done: 0, failed: [], total: names.length }
  const left = names.values()
  const worker = async () => {
    for (const name of left) {
      try {
        const answer = await work(name)
        if (isTask(answer)) {
          const task = await ends.of(answer)
          if (task.state !== 'succeeded') throw new Error(task.error || task.state)
        }
        account.done += 1
      } catch (error) {
        account.failed.push({ name, why: (error as Error).message })
      }
      told(account)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  ends.close()
  return account
}
