/** What is ticked in a list: some, or all that match but some. */
export interface Selection<T> {
  all: boolean
  /** Those that are ticked; with `all`, those that are not. */
  names: ReadonlyMap<string, T>
}

export const nothingChosen = { all: false, names: new Map<string, never>() }

export function isChosen<T>(selection: Selection<T>, name: string): boolean {
  return selection.names.has(name) !== selection.all
}

/** How many of `total` are ticked. */
export function count<T>(selection: Selection<T>, total: number): number {
  return selection.all ? Math.max(total - selection.names.size, 0) : selection.names.size
}

export function toggled<T extends { name: string }>(selection: Selection<T>, item: T, on: boolean): Selection<T> {
  const names = new Map(selection.names)
  if (on === selection.all) names.delete(item.name)
  else names.set(item.name, item)
  return { all: selection.all, names }
}
