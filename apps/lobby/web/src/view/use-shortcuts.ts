import { useEffect } from 'react'

export interface ShortcutActions {
  /** One room up or down in the list. */
  readonly step: (by: -1 | 1) => void
  readonly goToRoom: () => void
  readonly showShortcuts: () => void
  readonly write: () => void
}

/** Listens for the keys that `Shortcuts` lists. Nothing happens while a dialog is open. */
export function useShortcuts(actions: ShortcutActions): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (document.querySelector('dialog[open]')) return
      const { key, altKey } = event
      const command = event.ctrlKey || event.metaKey
      if (altKey && !command && (key === 'ArrowUp' || key === 'ArrowDown')) actions.step(key === 'ArrowUp' ? -1 : 1)
      else if (command && !altKey && key.toLowerCase() === 'k') actions.goToRoom()
      else if (command && !altKey && key === '/') actions.showShortcuts()
      else if (key === 'Escape') actions.write()
      else return
      event.preventDefault()
    }
    window.addEventListener('keydown', onKeyDown)
    return () => window.removeEventListener('keydown', onKeyDown)
  }, [actions])
}
