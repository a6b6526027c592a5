import { Label, type LabelProps } from '@patternfly/react-core'

const colors: Record<string, LabelProps['color']> = {
  running: 'green', online: 'green', succeeded: 'green', ok: 'green', ready: 'green',
  paused: 'yellow', suspended: 'yellow', starting: 'blue', queued: 'blue', warning: 'yellow',
  failed: 'red', offline: 'red', missing: 'red', unknown: 'orange', cancelled: 'grey', off: 'grey', absent: 'grey',
}

/** A state as a coloured label; the word says it too, for those who see no colours. */
export function State({ value }: { value: string }) {
  return (
    <Label color={colors[value] ?? 'grey'} isCompact>
      {value}
    </Label>
  )
}
