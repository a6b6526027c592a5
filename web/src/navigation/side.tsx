// The views, in groups, as the navigation lists them.
import { Nav, NavGroup, NavItem, PageSidebar, PageSidebarBody } from '@patternfly/react-core'
import { useMemo } from 'react'
import { Link, useLocation } from 'react-router'
import { nouns } from '../objects/nouns'
import { useSession } from '../session/session'
import { t } from '../strings'
import { navigationGroups } from './groups'

/** The views that the caller may see. */
export function useViews(): string[] {
  const { unlimited } = useSession()
  return useMemo(() => ['overview', 'machines', 'usage', ...nouns.filter((noun) => noun.role !== 'admin' || unlimited).map((noun) => noun.path), 'tasks', 'events', 'settings'], [unlimited])
}

export function Side() {
  const here = useLocation().pathname.split('/')[1] || 'overview'
  return (
    <PageSidebar>
      <PageSidebarBody>
        <Nav aria-label={t.menu} className="truce-nav">
          {navigationGroups(useViews()).map(({ group, views }) => (
            <NavGroup key={group} title={t.navGroups[group]}>
              {views.map((path) => (
                <NavItem key={path} itemId={path} isActive={here === path}>
                  <Link to={path === 'overview' ? '/' : `/${path}`}>{t.nav[path]}</Link>
                </NavItem>
              ))}
            </NavGroup>
          ))}
        </Nav>
      </PageSidebarBody>
    </PageSidebar>
  )
}
