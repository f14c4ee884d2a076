import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react'

/** So near to the end counts as being there, in pixels. */
const NEAR = 48

interface Scroll {
  /** Whether the newest message is in view. */
  readonly atEnd: boolean
  readonly toEnd: () => void
}

/**
 * Keeps what is read where it is: at the end new messages push the old ones up, and elsewhere whatever is put in above or
 * below moves nothing. The children that can be held on to have a `data-id`.
 */
export function useScroll(scroller: RefObject<HTMLElement | null>): Scroll {
  const [atEnd, setAtEnd] = useState(true)
  const end = useRef(true)
  const anchor = useRef<{ readonly id: string; readonly top: number } | null>(null)

  const keep = useCallback(() => {
    const element = scroller.current
    if (!element) return
    if (end.current) {
      element.scrollTop = element.scrollHeight
      return
    }
    const held = anchor.current && element.querySelector(`[data-id="${CSS.escape(anchor.current.id)}"]`)
    if (held && anchor.current) element.scrollTop += topIn(element, held) - anchor.current.top
  }, [scroller])

  const note = useCallback(() => {
    const element = scroller.current
    if (!element) return
    end.current = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR
    setAtEnd(end.current)
    const first = firstVisible(element)
    anchor.current = first && { id: first.getAttribute('data-id') ?? '', top: topIn(element, first) }
  }, [scroller])

  // After every rendering: what has changed is not asked.
  useLayoutEffect(keep)

  useEffect(() => {
    const element = scroller.current
    if (!element) return undefined
    const fresh = element.querySelector('[data-id="new"]')
    if (fresh) element.scrollTop += topIn(element, fresh) - element.clientHeight / 4
    note()
    element.addEventListener('scroll', note, { passive: true })
    const observer = new ResizeObserver(keep)
    observer.observe(element)
    for (const child of element.children) observer.observe(child)
    return () => {
      observer.disconnect()
      element.removeEventListener('scroll', note)
    }
  }, [scroller, note, keep])

  const toEnd = useCallback(() => {
    end.current = true
    setAtEnd(true)
    keep()
  }, [keep])

  return { atEnd, toEnd }
}

function topIn(element: Element, child: Element): number {
  return child.getBoundingClientRect().top - element.getBoundingClientRect().top
}

/** The first child that can be held on to and is in view. They lie one below the other, so half of them is out at each look. */
function firstVisible(element: Element): Element | null {
  const children = element.querySelectorAll('[data-id]')
  let low = 0
  let high = children.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    const child = children[middle]
    if (child && topIn(element, child) + child.clientHeight > 0) high = middle
    else low = middle + 1
  }
  return children[low] ?? null
}
