/**
 * Does something every so many milliseconds while the page is looked at, and at once when it is looked at again. For what
 * is measured, which the stream does not tell of; answers how to end it.
 */
export function whileSeen(work: () => void, every: number): () => void {
  const seen = () => {
    if (document.visibilityState === 'visible') work()
  }
  const timer = setInterval(seen, every)
  document.addEventListener('visibilitychange', seen)
  return () => {
    clearInterval(timer)
    document.removeEventListener('visibilitychange', seen)
  }
}
