import { useCallback, useEffect, useState } from 'react'

const SHOWN_MS = 3_000

/** A word on what has just been done. */
export function Toast({ text }: { readonly text: string }) {
  return (
    <div className="toast" role="status" data-shown={text !== '' || undefined}>
      {text}
    </div>
  )
}

/** The word, and how to say one. */
export function useToast(): [text: string, say: (text: string) => void] {
  const [said, setSaid] = useState({ text: '' })
  useEffect(() => {
    if (said.text === '') return undefined
    const timer = setTimeout(() => setSaid({ text: '' }), SHOWN_MS)
    return () => clearTimeout(timer)
  }, [said])
  return [said.text, useCallback((text: string) => setSaid({ text }), [])]
}
