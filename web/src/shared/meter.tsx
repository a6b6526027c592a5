interface Part {
  /** What it is, in words with its number. */
  text: string
  value: number
}

/** How much of a whole is used and how much is promised; all of it is said in words, too. */
export function Meter({ title, total, used, given }: { title: string; total: Part; used?: Part; given: Part }) {
  const most = Math.max(total.value, given.value, used?.value ?? 0, 1)
  const percent = (value: number) => `${Math.min(100, (100 * value) / most)}%`
  const crowded = (used ?? given).value > 0.9 * total.value
  return (
    <div className="truce-meter" role="group" aria-label={title}>
      <div className="truce-meter-bar" aria-hidden>
        <span className="truce-meter-given" style={{ inlineSize: percent(given.value) }} />
        {used && <span className={`truce-meter-used${crowded ? ' truce-meter-crowded' : ''}`} style={{ inlineSize: percent(used.value) }} />}
        <span className="truce-meter-total" style={{ insetInlineStart: percent(total.value) }} />
      </div>
      <div className="truce-meter-words">
        {used && (
          <span>
            <i className="truce-key truce-meter-used" aria-hidden /> {used.text}
          </span>
        )}
        <span>
          <i className="truce-key truce-meter-given" aria-hidden /> {given.text}
        </span>
        <span>{total.text}</span>
      </div>
    </div>
  )
}
