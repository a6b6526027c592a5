import { address, request } from '../api/client'
import { operations } from '../api/schema'
import { bytesText } from '../shared/format'

/** Operations that answer a file. */
export type FileOperation = 'backup_server' | 'get_support_bundle'

/** Fetches a file and gives it to the browser to keep; answers its name and size. */
export async function fetchFile(id: FileOperation, name: string): Promise<string> {
  const response = await request(address(id, {}), { method: operations[id].method })
  const content = await response.blob()
  const place = URL.createObjectURL(content)
  const link = document.createElement('a')
  link.href = place
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(place), 60_000) // the browser has begun to write it by then
  return `${name}: ${bytesText(content.size)}`
}
