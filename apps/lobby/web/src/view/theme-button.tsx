import { useState } from 'react'
import { browserShelf, Memory, type Theme } from '../model/memory.ts'
import { MoonIcon, SunIcon, SystemIcon } from './icons.tsx'

const NEXT: Readonly<Record<Theme, Theme>> = { system: 'light', light: 'dark', dark: 'system' }
const ICONS = { system: SystemIcon, light: SunIcon, dark: MoonIcon }
const NAMES = { system: 'as the system', light: 'light', dark: 'dark' }

/** Light, dark, or whatever the system is. */
export function ThemeButton() {
  const [memory] = useState(() => new Memory(browserShelf()))
  const [theme, setTheme] = useState(memory.theme)
  const Icon = ICONS[theme]
  const turn = () => {
    const next = NEXT[theme]
    memory.theme = next
    setTheme(next)
    if (next === 'system') delete document.documentElement.dataset['theme']
    else document.documentElement.dataset['theme'] = next
  }
  return (
    <button
      type="button"
      className="icon-button"
      aria-label={`Colours: ${NAMES[theme]}. Change to ${NAMES[NEXT[theme]]}`}
      title={`Colours: ${NAMES[theme]}`}
      onClick={turn}
    >
      <Icon />
    </button>
  )
}
