// SHA-256 of a file of any size, beside the page: crypto.subtle takes only what fits into memory.
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex } from '@noble/hashes/utils.js'

const slice = 4 * 1024 * 1024

/** What the worker says: how far it is, then the outcome. */
export type Said = { done: number } | { hex: string } | { error: string }

async function digest(file: File) {
  const hash = sha256.create()
  for (let at = 0; at < file.size; at += slice) {
    hash.update(new Uint8Array(await file.slice(at, at + slice).arrayBuffer()))
    postMessage({ done: Math.min(at + slice, file.size) } satisfies Said)
  }
  postMessage({ hex: bytesToHex(hash.digest()) } satisfies Said)
}

onmessage = ({ data }: MessageEvent<File>) => {
  digest(data).catch((error: Error) => postMessage({ error: error.message } satisfies Said))
}
