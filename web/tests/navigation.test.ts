import { describe, expect, it } from 'vitest'
import { navigationGroups } from '../src/navigation/groups'
import { nouns } from '../src/objects/nouns'
import { t } from '../src/strings'

describe('the navigation', () => {
  it('has words for every view', () => {
    expect(nouns.map(({ path }) => path).filter((path) => !t.nav[path])).toEqual([])
  })
  it('leaves out no view', () => {
    const paths = nouns.map(({ path }) => path)
    const shown = navigationGroups(paths).flatMap(({ views }) => views)
    expect(shown.sort()).toEqual(paths.sort())
  })
})
