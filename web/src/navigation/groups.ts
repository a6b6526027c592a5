const groups: Record<string, string[]> = {
  machines: ['overview', 'machines', 'usage', 'templates', 'uploads'],
  resources: ['hosts', 'pools', 'networks', 'security-groups', 'resource-pools', 'conflict-classes', 'rules', 'plans', 'platforms'],
  people: ['users', 'sessions', 'tokens'],
  history: ['alarms', 'tasks', 'events', 'settings'],
}

export interface ViewGroup {
  group: string
  views: string[]
}

/** Views by the group that they are listed in; one that no group names is a resource. */
export function navigationGroups(views: string[]): ViewGroup[] {
  const named = new Set(Object.values(groups).flat())
  return Object.entries(groups)
    .map(([group, members]) => ({
      group,
      views: [...members.filter((view) => views.includes(view)), ...(group === 'resources' ? views.filter((view) => !named.has(view)) : [])],
    }))
    .filter((each) => each.views.length > 0)
}
