const warnedBefore = 5 * 60_000

export type Nearness = 'far' | 'near' | 'over'

/** How near the end of a session is at `now` (in ms since 1970). */
export function nearness(expires: string | undefined, now: number): Nearness {
  if (!expires) return 'far'
  const left = Date.parse(expires) - now
  if (left <= 0) return 'over'
  return left <= warnedBefore ? 'near' : 'far'
}
