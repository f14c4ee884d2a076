import { type KeyboardEvent, type RefObject, useLayoutEffect, useState } from 'react'
import { MAX_MESSAGE_LENGTH } from '../../../src/contract.ts'
import type { Conversation } from '../model/conversation.ts'
import { SendIcon } from './icons.tsx'
import { useMedia } from './use-store.ts'

/** How many signs before the end of what is allowed they are counted. */
const COUNT_FROM = 200

/** Where one writes. */
export function Composer({
  conversation,
  to,
  field,
}: {
  readonly conversation: Conversation
  readonly to: string
  readonly field: RefObject<HTMLTextAreaElement | null>
}) {
  const [text, setText] = useState(conversation.draft)
  const touch = useMedia('(pointer: coarse)')
  const left = MAX_MESSAGE_LENGTH - text.trim().length
  const sendable = text.trim() !== '' && left >= 0

  useLayoutEffect(() => {
    const element = field.current
    if (!element) return
    element.style.height = 'auto'
    element.style.height = `${element.scrollHeight}px`
  })

  const write = (next: string) => {
    setText(next)
    conversation.draft = next
    if (next.trim() !== '') conversation.type()
  }
  const send = () => {
    if (!sendable) return
    conversation.send(text.trim())
    setText('')
    conversation.draft = ''
    field.current?.focus()
  }
  const onKeyDown = (event: KeyboardEvent) => {
    // An Enter that ends the composition of a sign is not one that sends. On a touch screen there is a button for it.
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing || touch) return
    event.preventDefault()
    send()
  }

  return (
    <form
      className="composer"
      onSubmit={(event) => {
        event.preventDefault()
        send()
      }}
    >
      <textarea
        ref={field}
        rows={1}
        value={text}
        dir="auto"
        placeholder={`Message ${to}`}
        aria-label={`Message ${to}`}
        aria-describedby={left < COUNT_FROM ? 'left' : undefined}
        aria-invalid={left < 0 || undefined}
        enterKeyHint={touch ? 'enter' : 'send'}
        onChange={(event) => write(event.target.value)}
        onKeyDown={onKeyDown}
      />
      {left < COUNT_FROM ? (
        <span className="left" id="left" data-over={left < 0 || undefined}>
          {left}
        </span>
      ) : null}
      <button type="submit" className="send" aria-label="Send" disabled={!sendable}>
        <SendIcon />
      </button>
    </form>
  )
}
