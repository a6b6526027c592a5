import { Button } from '@patternfly/react-core'
import type { ReactNode } from 'react'
import { useMay } from '../session/session'

/** A list of a machine's parts with a button that adds one. */
export function Parts({ add, adding, children }: { add: string; adding: () => void; children: ReactNode }) {
  const may = useMay()
  return (
    <>
      {may('operate') && (
        <Button variant="secondary" onClick={adding}>
          {add}
        </Button>
      )}
      {children}
    </>
  )
}

/** What can be done to one of them. */
export function Links({ items }: { items: { title: string; danger?: boolean; go: () => void }[] }) {
  const may = useMay()
  if (!may('operate')) return null
  return items.map(({ title, danger, go }) => (
    <span key={title}>
      <Button variant="link" isInline isDanger={danger} onClick={go}>
        {title}
      </Button>{' '}
    </span>
  ))
}
