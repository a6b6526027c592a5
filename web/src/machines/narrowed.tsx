import { Label } from '@patternfly/react-core'
import { t } from '../strings'

const kinds = ['network', 'host'] as const

/** What the address narrows the table to beside its inputs, each with a button that widens it again. */
export function Narrowed({ search, widen }: { search: URLSearchParams; widen: (key: string) => void }) {
  return kinds
    .filter((key) => search.get(key))
    .map((key) => (
      <Label key={key} className="truce-saved" color="blue" closeBtnAriaLabel={`${t.remove}: ${key} ${search.get(key)}`} onClose={() => widen(key)}>
        {t.only(key, search.get(key)!)}
      </Label>
    ))
}
