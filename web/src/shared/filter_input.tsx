import { SearchInput } from '@patternfly/react-core'
import { useEffect, useRef, useState } from 'react'

interface Props {
  label: string
  placeholder?: string
  value: string
  onChange: (text: string) => void
}

/** Between the last key and what it does, in milliseconds: each text may be a question to the server. */
const typingPause = 10

/**
 * A text to find something by, whose value is kept elsewhere (in the address). What is typed is shown at once and told a
 * moment later: addresses change too slowly to type into them.
 */
export function FilterInput({ label, placeholder = label, value, onChange }: Props) {
  const [text, setText] = useState(value)
  const told = useRef(value)
  // What was told and has not come back as the value: those are no news.
  const underWay = useRef<string[]>([])
  const tell = useRef(onChange)
  tell.current = onChange
  useEffect(() => {
    const back = underWay.current.lastIndexOf(value)
    if (back >= 0) underWay.current.splice(0, back + 1)
    else if (value !== told.current) setText((told.current = value))
  }, [value])
  useEffect(() => {
    const timer = setTimeout(() => {
      if (text === told.current) return
      told.current = text
      underWay.current.push(text)
      tell.current(text)
    }, typingPause)
    return () => clearTimeout(timer)
  }, [text])
  return <SearchInput aria-label={label} placeholder={placeholder} value={text} onChange={(_, next) => setText(next)} onClear={() => setText('')} />
}
