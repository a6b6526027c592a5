import { useSyncExternalStore } from 'react'

const key = 'truce-theme'
const dark = 'pf-v6-theme-dark'

function apply(on: boolean) {
  document.documentElement.classList.toggle(dark, on)
}

/** Changes between dark and light, and remembers it. */
export function toggleTheme() {
  const on = !document.documentElement.classList.contains(dark)
  localStorage.setItem(key, on ? 'dark' : 'light')
  apply(on)
}

function subscribe(tell: () => void) {
  const seen = new MutationObserver(tell)
  seen.observe(document.documentElement, { attributeFilter: ['class'] })
  return () => seen.disconnect()
}

/** Whether it is dark now, for what is drawn and not styled. */
export const useDark = () => useSyncExternalStore(subscribe, () => document.documentElement.classList.contains(dark))

const chosen = localStorage.getItem(key)
apply(chosen ? chosen === 'dark' : window.matchMedia('(prefers-color-scheme: dark)').matches)
