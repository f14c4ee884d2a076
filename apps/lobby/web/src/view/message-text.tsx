import { memo } from 'react'
import { toPieces } from '../model/text.ts'

/** A message as it was written. Nothing in it is markup; addresses can be followed, and learn nothing of this page. */
export const MessageText = memo(function MessageText({ text }: { readonly text: string }) {
  let at = 0
  return toPieces(text).map((piece) => {
    const key = at
    at += piece.text.length
    if (piece.kind === 'text') return piece.text
    return (
      <a key={key} href={piece.href} target="_blank" rel="noopener noreferrer nofollow ugc">
        {piece.text}
      </a>
    )
  })
})
