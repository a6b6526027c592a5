// A file on its way to the server, piece by piece, whatever happens to the connection.
import { ApiError, call, request } from '../api/client'
import type { Task, Upload } from '../api/schema'
import { t } from '../strings'
import { firstPiece, nextPiece, Speed } from './pace'

export type Phase = 'sending' | 'waiting' | 'paused' | 'finishing' | 'done' | 'failed'

export interface SendingView {
  upload: Upload
  phase: Phase
  /** Bytes that are on the server's disk. */
  received: number
  /** Bytes a second; 0 when not known. */
  speed: number
  /** Why it waits or has failed. */
  error: string
  /** What makes the template. */
  task?: Task
}

/** What a sending needs of the server; others in tests. */
export interface Server {
  put: (name: string, offset: number, piece: Uint8Array<ArrayBuffer>, signal: AbortSignal) => Promise<Upload>
  get: (name: string) => Promise<Upload>
  finish: (name: string) => Promise<Task>
  pause: (milliseconds: number) => Promise<void>
}

export const server: Server = {
  async put(name, offset, piece, signal) {
    const url = `/v1/uploads/${encodeURIComponent(name)}/content?offset=${offset}`
    const response = await request(url, { method: 'PUT', body: piece, signal, headers: { 'Content-Type': 'application/octet-stream' } })
    return (await response.json()) as Upload
  },
  get: (name) => call('get_upload', { path: { name } }),
  finish: (name) => call('finish_upload', { path: { name } }),
  pause: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
}

const shortestPause = 500
const longestPause = 15_000

/** Whether the same request may do better later. */
function mayPass(error: unknown): error is ApiError {
  return error instanceof ApiError && (error.status === 0 || error.status === 408 || error.status === 429 || error.status >= 500)
}

export class Sending {
  private tellers = new Set<() => void>()
  private abort = new AbortController()
  private speed = new Speed()
  view: SendingView

  constructor(
    upload: Upload,
    private readonly file: Blob,
    private readonly to: Server = server,
  ) {
    this.view = { upload, phase: 'paused', received: upload.received, speed: 0, error: '' }
  }

  subscribe = (tell: () => void) => {
    this.tellers.add(tell)
    return () => void this.tellers.delete(tell)
  }
  snapshot = () => this.view

  get open() {
    return this.view.phase === 'sending' || this.view.phase === 'waiting' || this.view.phase === 'finishing'
  }

  /** Sends from where the server is, and asks for the template at the end. Never rejects. */
  async start() {
    if (this.open) return
    this.abort = new AbortController()
    this.speed = new Speed()
    const { signal } = this.abort
    this.show({ phase: 'sending', error: '' })
    try {
      await this.follow(signal)
      this.show({ phase: 'finishing' })
      this.show({ task: await this.to.finish(this.view.upload.name), phase: 'done' })
    } catch (error) {
      if (signal.aborted) return
      // Whoever signs in again may go on.
      const signedOut = error instanceof ApiError && error.status === 401
      this.show({ phase: signedOut ? 'paused' : 'failed', error: (error as Error).message })
    }
  }

  pause() {
    this.abort.abort()
    this.show({ phase: 'paused', speed: 0 })
  }

  private show(news: Partial<SendingView>) {
    this.view = { ...this.view, ...news }
    this.tellers.forEach((tell) => tell())
  }

  private async follow(signal: AbortSignal) {
    const { name, size } = this.view.upload
    let length = firstPiece
    let wait = shortestPause
    let known = false
    while (!known || this.view.received < size) {
      signal.throwIfAborted()
      const begun = Date.now()
      try {
        if (!known) this.show({ received: (await this.to.get(name)).received })
        known = true
        if (this.view.received >= size) break
        const piece = await this.read(length)
        const { received } = await this.to.put(name, this.view.received, piece, signal)
        signal.throwIfAborted()
        this.speed.add(begun, this.view.received)
        this.speed.add(Date.now(), received)
        length = nextPiece(length, Date.now() - begun)
        wait = shortestPause
        this.show({ phase: 'sending', received, speed: this.speed.perSecond, error: '' })
      } catch (error) {
        signal.throwIfAborted()
        const elsewhere = error instanceof ApiError && error.status === 409
        if (!elsewhere && !mayPass(error)) throw error
        // Only the server knows what has arrived.
        known = false
        this.show({ phase: 'waiting', speed: 0, error: error.message })
        await this.to.pause(wait)
        wait = Math.min(2 * wait, longestPause)
      }
    }
  }

  private async read(length: number): Promise<Uint8Array<ArrayBuffer>> {
    const { received, upload } = this.view
    try {
      return new Uint8Array(await this.file.slice(received, Math.min(received + length, upload.size)).arrayBuffer())
    } catch {
      throw new Error(t.upload.unreadable)
    }
  }
}
