import { describe, expect, it } from 'vitest'
import { ApiError } from '../src/api/client'
import type { Task, Upload } from '../src/api/schema'
import { Sending, type Server } from '../src/uploads/sending'

const size = 10 * 1024 * 1024 + 7
const content = new Uint8Array(size).map((_, at) => at % 251)

/** A server in memory; `fail` may throw before a piece is kept, or after. */
class Disk implements Server {
  kept = new Uint8Array(0)
  pieces = 0
  finished = 0
  before = (_piece: number) => {}
  after = (_piece: number) => {}
  get upload(): Upload {
    return { name: 'u1', template: 'disk', description: '', host: '', size, received: this.kept.length, sha256: '', user: '', task: '', problem: '', created: '', expires: '' }
  }
  async put(_name: string, offset: number, piece: Uint8Array<ArrayBuffer>, signal: AbortSignal) {
    signal.throwIfAborted()
    this.before((this.pieces += 1))
    if (offset !== this.kept.length) throw new ApiError(409, `the next piece begins at ${this.kept.length}`)
    const longer = new Uint8Array(offset + piece.length)
    longer.set(this.kept)
    longer.set(piece, offset)
    this.kept = longer
    this.after(this.pieces)
    return this.upload
  }
  get = async () => this.upload
  finish = async () => {
    this.finished += 1
    return { name: 't1', kind: 'template.create' } as Task
  }
  pause = async () => {}
}

const file = new Blob([content])

describe('a file that is sent', () => {
  it('arrives whole, in pieces of at most 4 MiB', async () => {
    const disk = new Disk()
    const sending = new Sending(disk.upload, file, disk)
    await sending.start()
    expect(sending.view).toMatchObject({ phase: 'done', received: size, task: { name: 't1' } })
    expect(Buffer.compare(disk.kept, content)).toBe(0)
    expect(disk.pieces).toBe(4) // 1, 2, 4 MiB, what is left
  })
  it('goes on where the server is when answers are lost', async () => {
    const disk = new Disk()
    disk.before = (piece) => {
      if (piece === 2) throw new ApiError(0, 'not reached')
    }
    disk.after = (piece) => {
      if (piece === 3) throw new ApiError(503, 'the answer is lost')
    }
    const sending = new Sending(disk.upload, file, disk)
    await sending.start()
    expect(sending.view.phase).toBe('done')
    expect(Buffer.compare(disk.kept, content)).toBe(0)
  })
  it('goes on after a pause, and after somebody else has sent a piece', async () => {
    const disk = new Disk()
    const sending = new Sending(disk.upload, file, disk)
    disk.after = (piece) => piece === 2 && sending.pause()
    await sending.start()
    expect(sending.view.phase).toBe('paused')
    expect(disk.finished).toBe(0)
    disk.kept = content.slice(0, disk.kept.length + 5)
    await sending.start()
    expect(sending.view.phase).toBe('done')
    expect(Buffer.compare(disk.kept, content)).toBe(0)
  })
  it('stops where the server refuses it, and only pauses for one who is signed out', async () => {
    for (const [status, phase] of [[507, 'done'], [403, 'failed'], [404, 'failed'], [401, 'paused']] as const) {
      const disk = new Disk()
      disk.before = (piece) => {
        if (piece === 2) throw new ApiError(status, 'no')
      }
      const sending = new Sending(disk.upload, file, disk)
      await sending.start()
      expect(sending.view.phase).toBe(phase)
    }
  })
})
