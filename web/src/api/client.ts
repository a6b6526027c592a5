// Calls of the API. Nothing else here speaks HTTP.
import { operations, type Operations } from './schema'

export type OperationId = keyof Operations

/** What the server answered instead (RFC 9457), or that it could not be reached (status 0). */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    detail: string,
    readonly code = '',
    readonly field = '',
  ) {
    super(detail)
  }
}

const tokenKey = 'truce-token'

/** What is sent beside the browser's own certificate or cookie. */
export const credentials = {
  /** Of a session by cookie: what changing requests must have, told by `GET /v1`; kept nowhere. */
  csrf: '',
  /** Kept for this tab only; never part of an address. */
  get token() {
    return sessionStorage.getItem(tokenKey) ?? ''
  },
  set token(text: string) {
    if (text) sessionStorage.setItem(tokenKey, text)
    else sessionStorage.removeItem(tokenKey)
  },
}

let unknownCaller = () => {}

/** Names who is told of each answer 401: the server did not know the caller. */
export function onUnknownCaller(tell: () => void) {
  unknownCaller = tell
}

export interface CallInput<K extends OperationId> {
  path?: Operations[K]['path']
  query?: Operations[K]['query']
  body?: Operations[K]['body']
  signal?: AbortSignal
}

/** The path with its parameters filled in, and the query: absent and empty values are left out. */
export function address<K extends OperationId>(id: K, input: CallInput<K>, more: Record<string, unknown> = {}): string {
  const values = (input.path ?? {}) as Record<string, string>
  const path = operations[id].path.replace(/{(\w+)}/g, (_, name: string) => encodeURIComponent(values[name] ?? ''))
  const query = new URLSearchParams()
  for (const [key, value] of Object.entries({ ...input.query, ...more })) {
    if (value !== undefined && value !== '' && value !== null) query.set(key, String(value))
  }
  const text = query.toString()
  return text ? `${path}?${text}` : path
}

export async function request(url: string, options: RequestInit = {}): Promise<Response> {
  const headers = new Headers(options.headers)
  if (credentials.token) headers.set('Authorization', `Bearer ${credentials.token}`)
  else if (credentials.csrf && (options.method ?? 'GET') !== 'GET') headers.set('X-Truce-Csrf', credentials.csrf)
  let response: Response
  try {
    response = await fetch(url, { ...options, headers, credentials: 'same-origin' })
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    throw new ApiError(0, 'The server cannot be reached.')
  }
  if (response.ok) return response
  if (response.status === 401) unknownCaller()
  const problem = await response.json().catch(() => ({}))
  throw new ApiError(response.status, problem.detail ?? response.statusText, problem.code, problem.field)
}

export async function call<K extends OperationId>(id: K, input: CallInput<K> = {}): Promise<Operations[K]['answer']> {
  const options: RequestInit = { method: operations[id].method, signal: input.signal }
  if (input.body !== undefined) {
    options.body = JSON.stringify(input.body)
    options.headers = { 'Content-Type': 'application/json' }
  }
  const response = await request(address(id, input), options)
  return (response.status === 204 ? undefined : await response.json()) as Operations[K]['answer']
}
