import { t } from '../strings'

export const shortest = 12

/** Why a new password cannot be taken yet; empty when it can. */
export function passwordFault(password: string, again: string): string {
  const letters = [...password].length
  if (letters < shortest) return t.password.short(shortest - letters)
  return password === again ? '' : t.password.differs
}
