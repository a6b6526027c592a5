/** What the browser keeps for one user of this server; what cannot be read is as if it were not there. */
export function kept<T>(key: string, user: string, otherwise: T): T {
  try {
    const text = localStorage.getItem(`truce-${key}:${user}`)
    return text === null ? otherwise : (JSON.parse(text) as T)
  } catch {
    return otherwise
  }
}

/** Keeps it until it is written over. */
export function keep(key: string, user: string, value: unknown) {
  localStorage.setItem(`truce-${key}:${user}`, JSON.stringify(value))
}
