import { useEffect } from 'react'
import { useLocation } from 'react-router'
import { nouns } from '../objects/nouns'
import { useSession } from '../session/session'
import { keep, kept } from '../shared/keep'
import { placeIn, seenNow, type Choice } from './choices'

const key = 'recent'
/** Uploads and sessions have names that say nothing to people. */
const named = new Set(['machines', ...nouns.map(({ path }) => path).filter((path) => path !== 'uploads' && path !== 'sessions')])

export const recentPlaces = (user: string) => kept<Choice[]>(key, user, [])

/** Keeps in mind which objects were looked at. */
export function useRecent() {
  const { user } = useSession()
  const { pathname } = useLocation()
  useEffect(() => {
    const place = placeIn(pathname, named)
    if (place) keep(key, user, seenNow(recentPlaces(user), place))
  }, [pathname, user])
}
