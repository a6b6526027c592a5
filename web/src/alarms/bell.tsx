import { NotificationBadge } from '@patternfly/react-core'
import { useNavigate } from 'react-router'
import { useLive } from '../api/live'
import { t } from '../strings'

/** How many alarms are raised, seen from everywhere; red when one of them is critical. */
export function AlarmBell() {
  const alarms = useLive('list_alarms')
  const navigate = useNavigate()
  const raised = alarms.items.filter((alarm) => alarm.raised_count > 0)
  const count = raised.reduce((sum, alarm) => sum + alarm.raised_count, 0)
  const critical = raised.some((alarm) => alarm.severity === 'critical')
  const text = count > 0 ? t.alarms.raised(count) : t.alarms.quiet
  return (
    <NotificationBadge variant={critical ? 'attention' : count > 0 ? 'unread' : 'read'} count={count} aria-label={text} title={text} data-testid="bell" onClick={() => void navigate('/alarms')} />
  )
}
