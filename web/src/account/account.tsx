// What users can do about themselves.
import './account.css'
import { Alert, Card, CardBody, CardTitle, PageSection, Stack, StackItem, Title } from '@patternfly/react-core'
import type { ReactNode } from 'react'
import { Details } from '../objects/objects'
import { useSession } from '../session/session'
import { t } from '../strings'
import { ChangePassword } from './password'
import { SecondFactor } from './second_factor'
import { OwnSessions } from './sessions'

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <StackItem>
      <Card>
        <CardTitle component="h2">{title}</CardTitle>
        <CardBody>{children}</CardBody>
      </Card>
    </StackItem>
  )
}

export function Account() {
  const { user, role, server } = useSession()
  return (
    <>
      <PageSection>
        <Title headingLevel="h1">{t.nav.account}</Title>
      </PageSection>
      <PageSection>
        <Stack hasGutter>
          <Part title={t.account.who}>
            <Details item={{ user, role, projects: server.projects.length > 0 ? server.projects : t.account.allProjects }} bytes={[]} />
          </Part>
          {!server.csrf && (
            <StackItem>
              <Alert isInline variant="info" title={t.account.noUser} />
            </StackItem>
          )}
          {server.csrf && (
            <>
              <Part title={t.account.password}>
                <ChangePassword />
              </Part>
              <Part title={t.account.factor}>
                <SecondFactor />
              </Part>
              <Part title={t.account.sessions}>
                <OwnSessions />
              </Part>
            </>
          )}
        </Stack>
      </PageSection>
    </>
  )
}
