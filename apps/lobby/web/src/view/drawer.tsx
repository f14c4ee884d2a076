import { type ReactNode, useEffect, useRef } from 'react'

/** A panel beside the room where there is space, else one that comes in over it. */
export function Drawer({
  className,
  as,
  over,
  open,
  close,
  children,
}: {
  readonly className: string
  readonly as: 'rooms' | 'people'
  readonly over: boolean
  readonly open: boolean
  readonly close: () => void
  readonly children: ReactNode
}) {
  const panel = useRef<HTMLElement>(null)
  const shown = !over || open
  useEffect(() => {
    if (!over || !open) return undefined
    const before = document.activeElement
    panel.current?.querySelector<HTMLElement>('button, a, input')?.focus()
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus()
    }
  }, [over, open])
  return (
    <>
      {over && open ? (
        <button type="button" className="scrim" tabIndex={-1} aria-label="Close" onClick={close} />
      ) : null}
      <aside
        ref={panel}
        className={`panel ${className}`}
        aria-label={as === 'rooms' ? 'Rooms and you' : 'People'}
        data-over={over || undefined}
        data-open={open || undefined}
        inert={!shown}
      >
        {children}
      </aside>
    </>
  )
}
