import { Bullseye, Spinner } from '@patternfly/react-core'
import { t } from '../strings'

/** Stands where something will be that is still read. */
export function Loading() {
  return (
    <Bullseye>
      <Spinner aria-label={t.loading} />
    </Bullseye>
  )
}
