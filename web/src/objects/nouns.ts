import type { ListId } from '../api/live'
import { operations, type Operations } from '../api/schema'

type OperationId = keyof Operations

/** A kind of object that is listed and shown by the API's own tables. */
export interface Noun {
  /** As in addresses, the API's and the page's: `security-groups`. */
  path: string
  /** As in commands: `security-group`. */
  name: string
  list: ListId
  get?: OperationId
  create?: OperationId
  set?: OperationId
  remove?: OperationId
  role?: 'admin'
}

const own = new Set(['vm', 'task', 'event', 'disk', 'snapshot', 'server', 'image'])
/** What others see of it stands on their account's page. */
const forAdministrators = new Set(['session'])

function operationOf(noun: string, verb: string): OperationId | undefined {
  const found = Object.entries(operations).find(([, row]) => row.cli?.noun === noun && row.cli.verb === verb)
  return found?.[0] as OperationId | undefined
}

/** Every noun of the API that has a list and no view of its own. */
export const nouns: Noun[] = Object.entries(operations)
  .filter(([, row]) => row.cli?.verb === 'list' && row.cli.noun && !own.has(row.cli.noun) && !row.path.includes('{'))
  .map(([id, row]) => {
    const name = row.cli!.noun!
    return {
      path: row.path.replace('/v1/', ''),
      name,
      list: id as ListId,
      get: operationOf(name, 'show'),
      create: operationOf(name, 'create'),
      set: operationOf(name, 'set'),
      remove: operationOf(name, 'delete'),
      role: row.permission === 'administer' || forAdministrators.has(name) ? 'admin' : undefined,
    }
  })
