import { Button, EmptyState, EmptyStateActions, EmptyStateBody, EmptyStateFooter } from '@patternfly/react-core'
import { Component, type ReactNode } from 'react'
import { t } from '../strings'

interface Props {
  /** Another place is given another chance. */
  place: string
  children: ReactNode
}

/** Shows what went wrong within it in its place, so that the rest of the page stays. */
export class Boundary extends Component<Props, { error: Error | null }> {
  state = { error: null as Error | null }

  static getDerivedStateFromError(error: Error) {
    return { error }
  }

  componentDidUpdate(before: Props) {
    if (before.place !== this.props.place && this.state.error) this.setState({ error: null })
  }

  render() {
    const { error } = this.state
    if (!error) return this.props.children
    return (
      <EmptyState status="danger" titleText={t.broken} headingLevel="h1">
        <EmptyStateBody>{error.message}</EmptyStateBody>
        <EmptyStateFooter>
          <EmptyStateActions>
            <Button onClick={() => location.reload()}>{t.reload}</Button>
          </EmptyStateActions>
        </EmptyStateFooter>
      </EmptyState>
    )
  }
}
