import type { Said } from './sha256.worker'

/** SHA-256 of a file in hexadecimal; tells how many bytes are read. Rejects when the file cannot be read or `signal` says so. */
export function sha256Of(file: File, progress: (done: number) => void, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./sha256.worker.ts', import.meta.url), { type: 'module' })
    const end = (finish: () => void) => {
      worker.terminate()
      finish()
    }
    signal.addEventListener('abort', () => end(() => reject(signal.reason as Error)), { once: true })
    worker.onerror = (event) => end(() => reject(new Error(event.message)))
    worker.onmessage = ({ data }: MessageEvent<Said>) => {
      if ('done' in data) progress(data.done)
      else if ('hex' in data) end(() => resolve(data.hex))
      else end(() => reject(new Error(data.error)))
    }
    worker.postMessage(file)
  })
}
