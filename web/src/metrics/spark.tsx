import { t } from '../strings'
import { accountOf, quantityText, strokes, type Points } from './series'

const width = 200
const height = 36

/** A line of a few words' height: how something went, with what it says in words for those who do not see it. */
export function Spark({ title, values, unit, top }: { title: string; values: Points; unit: string; top?: number }) {
  const account = accountOf(values)
  if (!account) return <div className="truce-subtle">{t.metrics.nothingYet}</div>
  const text = t.metrics.account(quantityText(account.average, unit), quantityText(account.least, unit), quantityText(account.most, unit))
  return (
    <figure className="truce-spark">
      <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" role="img" aria-label={`${title}: ${text}`}>
        {strokes(values, top ?? account.most, width, height - 2).map((line) => (
          <polyline key={line} points={line} transform="translate(0 1)" vectorEffect="non-scaling-stroke" />
        ))}
      </svg>
      <figcaption aria-hidden>
        {title}: {text}
      </figcaption>
    </figure>
  )
}
