// The frame around every view: sign-in, navigation, what is said about the connection.
import {
  Alert, Masthead, MastheadBrand, MastheadContent, MastheadMain, MastheadToggle, Page, PageToggleButton,
  SkipToContent, Toolbar, ToolbarContent, ToolbarGroup, ToolbarItem,
} from '@patternfly/react-core'
import { BarsIcon } from '@patternfly/react-icons'
import { lazy, Suspense, useEffect } from 'react'
import { Link, Navigate, Route, Routes, useLocation } from 'react-router'
import { Account } from './account/account'
import { AlarmBell } from './alarms/bell'
import { useConnectionLost } from './api/stream'
import { Events, Tasks } from './history/history'
import { TaskPage } from './history/task'
import { Machines } from './machines/machines'
import { Side, useViews } from './navigation/side'
import { ObjectsPage } from './objects/list'
import { nouns } from './objects/nouns'
import { ObjectPage } from './objects/object'
import { Overview } from './overview/overview'
import { useRecent } from './search/recent'
import { Search } from './search/search'
import { SessionEnding } from './session/ending'
import { UserMenu } from './session/menu'
import { Session } from './session/session'
import { Boundary } from './shared/boundary'
import { titleOfPlace } from './shared/links'
import { Settings } from './settings/settings'
import { ToastProvider } from './shared/toasts'
import { t } from './strings'
import { Sendings } from './uploads/banner'
import { UsagePage } from './usage/usage'

// They come when a machine is looked at.
const Machine = lazy(() => import('./machines/machine').then((module) => ({ default: module.Machine })))
const Alone = lazy(() => import('./machines/alone').then((module) => ({ default: module.Alone })))

function Head() {
  const views = useViews()
  return (
    <Masthead>
      <MastheadMain>
        <MastheadToggle>
          <PageToggleButton variant="plain" aria-label={t.menu} isHamburgerButton={false}>
            <BarsIcon />
          </PageToggleButton>
        </MastheadToggle>
        <MastheadBrand>
          <Link to="/" className="truce-brand">
            <img src="/truce.svg" alt="" />
            {t.product}
          </Link>
        </MastheadBrand>
      </MastheadMain>
      <MastheadContent>
        <Toolbar isStatic>
          <ToolbarContent>
            <ToolbarGroup align={{ default: 'alignEnd' }} gap={{ default: 'gapMd' }}>
              <ToolbarItem>
                <Search views={views} />
              </ToolbarItem>
              <ToolbarItem>
                <AlarmBell />
              </ToolbarItem>
              <ToolbarItem>
                <UserMenu />
              </ToolbarItem>
            </ToolbarGroup>
          </ToolbarContent>
        </Toolbar>
      </MastheadContent>
    </Masthead>
  )
}

function Views() {
  const lost = useConnectionLost()
  const { pathname } = useLocation()
  useRecent()
  useEffect(() => {
    document.title = titleOfPlace(pathname)
  }, [pathname])
  return (
    <Page masthead={<Head />} sidebar={<Side />} isManagedSidebar mainContainerId="main" skipToContent={<SkipToContent href="#main">{t.skip}</SkipToContent>}>
      {lost && <Alert isInline variant="warning" title={t.connectionLost} data-testid="lost" />}
      <SessionEnding />
      <Sendings />
      <Boundary place={pathname}>
        <Suspense>
          <Routes>
            <Route index element={<Overview />} />
            <Route path="machines" element={<Machines />} />
            <Route path="machines/:name" element={<Machine />} />
            <Route path="machines/:name/:tab" element={<Machine />} />
            <Route path="usage" element={<UsagePage />} />
            <Route path="account" element={<Account />} />
            <Route path="settings" element={<Settings />} />
            <Route path="tasks" element={<Tasks />} />
            <Route path="tasks/:name" element={<TaskPage />} />
            <Route path="events" element={<Events />} />
            {nouns.map((noun) => (
              <Route key={noun.path} path={noun.path}>
                <Route index element={<ObjectsPage noun={noun} />} />
                <Route path=":name" element={<ObjectPage noun={noun} />} />
              </Route>
            ))}
            <Route path="*" element={<Navigate to="/" replace />} />
          </Routes>
        </Suspense>
      </Boundary>
    </Page>
  )
}

export function App() {
  return (
    <Session>
      <ToastProvider>
        <Routes>
          <Route path="alone/:name/:kind" element={<Suspense><Alone /></Suspense>} />
          <Route path="*" element={<Views />} />
        </Routes>
      </ToastProvider>
    </Session>
  )
}
