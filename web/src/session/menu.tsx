// Who is signed in, and what they can do about themselves.
import { Divider, Dropdown, DropdownGroup, DropdownItem, DropdownList, MenuToggle } from '@patternfly/react-core'
import { UserIcon } from '@patternfly/react-icons'
import { useState } from 'react'
import { useNavigate } from 'react-router'
import { toggleTheme } from '../shared/theme'
import { useToasts } from '../shared/toasts'
import { t } from '../strings'
import { useSession } from './session'

export function UserMenu() {
  const { user, role, server, signOut } = useSession()
  const { say } = useToasts()
  const [open, setOpen] = useState(false)
  const navigate = useNavigate()
  const leave = async () => {
    try {
      await signOut()
      void navigate('/')
    } catch (problem) {
      say('danger', t.signIn.signOut, (problem as Error).message)
    }
  }
  return (
    <Dropdown
      isOpen={open}
      onOpenChange={setOpen}
      onSelect={() => setOpen(false)}
      popperProps={{ position: 'right' }}
      toggle={(ref) => (
        <MenuToggle ref={ref} variant="plainText" icon={<UserIcon />} isExpanded={open} onClick={() => setOpen(!open)} aria-label={`${t.nav.account}: ${user}`} data-testid="who">
          <span className="truce-wide">
            {user} ({role})
          </span>
        </MenuToggle>
      )}
    >
      <DropdownGroup label={`${user} (${role})`}>
        <DropdownList>
          <DropdownItem onClick={() => void navigate('/account')} description={server.csrf ? t.account.what : undefined}>
            {t.nav.account}
          </DropdownItem>
          <DropdownItem onClick={toggleTheme}>{t.theme}</DropdownItem>
        </DropdownList>
      </DropdownGroup>
      <Divider />
      <DropdownList>
        <DropdownItem onClick={() => void leave()}>{t.signIn.signOut}</DropdownItem>
      </DropdownList>
    </Dropdown>
  )
}
