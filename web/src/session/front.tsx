import './session.css'
import { Card, CardBody, CardTitle } from '@patternfly/react-core'
import type { ReactNode } from 'react'

/** The frame of what is shown to somebody who is not known yet. */
export function Front({ title, children }: { title: string; children: ReactNode }) {
  return (
    <main className="truce-sign-in">
      <Card className="truce-front">
        <CardTitle component="h1">
          <span className="truce-brand">
            <img src="/truce.svg" alt="" />
            {title}
          </span>
        </CardTitle>
        <CardBody>{children}</CardBody>
      </Card>
    </main>
  )
}
