import { useState } from 'react'

/** Sends what a form holds: whether that is under way, and what came back instead of success. */
export function useSending(send: () => Promise<unknown>) {
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<Error | null>(null)
  const submit = async () => {
    setBusy(true)
    setError(null)
    try {
      await send()
    } catch (problem) {
      setError(problem as Error)
    } finally {
      setBusy(false)
    }
  }
  return { busy, error, submit }
}
