/** A question of the machines' table that somebody wants to ask again. */
export interface SavedFilter {
  name: string
  /** As in the address: `observed=running&label=tier%3Dweb`. */
  query: string
}

/** What opens windows or says where one has scrolled to is no part of the question. */
const passing = ['create', 'offset']

/** The part of an address that is the question, always in the same order. */
export function questionOf(search: URLSearchParams): string {
  const question = new URLSearchParams([...search].filter(([key, value]) => value !== '' && !passing.includes(key)))
  question.sort()
  return question.toString()
}

/** With one more, in the place of one of the same name; in the order of the names. */
export function withFilter(all: SavedFilter[], filter: SavedFilter): SavedFilter[] {
  return [...all.filter(({ name }) => name !== filter.name), filter].sort((a, b) => a.name.localeCompare(b.name))
}
