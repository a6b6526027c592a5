import { Label } from '@patternfly/react-core'
import type { AlarmSeverity } from '../api/schema'

export function Severity({ value }: { value: AlarmSeverity }) {
  return (
    <Label isCompact color={value === 'critical' ? 'red' : 'yellow'}>
      {value}
    </Label>
  )
}
