import { useEffect, useState } from 'preact/hooks'

/** The colours of what is drawn on a canvas, which styles do not reach. */
export interface Colours {
  accent: string
  soft: string
  grey: string
  line: string
  text: string
}

/** The style sheet's colours; others when the scheme turns dark or light. */
export function useColours(): Colours {
  const [colours, setColours] = useState(current)
  useEffect(() => {
    const dark = matchMedia('(prefers-color-scheme: dark)')
    const read = () => setColours(current())
    dark.addEventListener('change', read)
    return () => dark.removeEventListener('change', read)
  }, [])
  return colours
}

function current(): Colours {
  const style = getComputedStyle(document.documentElement)
  const value = (name: string) => style.getPropertyValue(name).trim()
  return {
    accent: value('--accent'),
    soft: value('--accent-soft'),
    grey: value('--grey'),
    line: value('--line'),
    text: value('--muted'),
  }
}
