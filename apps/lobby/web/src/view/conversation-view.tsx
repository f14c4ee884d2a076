import { useCallback, useEffect, useMemo, useRef } from 'react'
import type { Conversation, ConversationState } from '../model/conversation.ts'
import { shown } from '../model/pending.ts'
import type { RoomRef } from '../model/rooms.ts'
import { toRows } from '../model/rows.ts'
import type { Item } from '../model/timeline.ts'
import { DownIcon, LinkIcon } from './icons.tsx'
import { OutboxView } from './outbox.tsx'
import { RowView } from './rows.tsx'
import { useScroll } from './use-scroll.ts'

/** What was said in a room. */
export function ConversationView({
  room,
  conversation,
  state,
  self,
  connected,
  share,
}: {
  readonly room: RoomRef
  readonly conversation: Conversation
  readonly state: ConversationState
  readonly self: string
  readonly connected: boolean
  readonly share: () => void
}) {
  const { timeline, outbox, firstNew, standing } = state
  const scroller = useRef<HTMLDivElement>(null)
  const { atEnd, toEnd } = useScroll(scroller)
  const rows = useMemo(() => toRows(timeline.items, firstNew), [timeline.items, firstNew])
  const readGap = useCallback((id: string) => void conversation.readOlder(id), [conversation])
  const empty = timeline.items.every(({ kind }) => kind === 'moved') && shown(outbox).length === 0

  // What one says oneself is always shown.
  const sends = outbox.at(-1)?.id ?? 0
  useEffect(() => {
    if (sends > 0) toEnd()
  }, [sends, toEnd])

  return (
    <div className="conversation">
      <div
        className="scroller"
        ref={scroller}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: without it the keyboard cannot scroll what scrolls
        tabIndex={0}
        role="log"
        aria-live="off"
        aria-label={`Messages in ${room.title}`}
      >
        <div className="timeline">
          <Older conversation={conversation} state={state} scroller={scroller} />
          {empty && standing.kind !== 'joining' && timeline.older === 'all' ? (
            <Empty room={room} share={share} />
          ) : null}
          {rows.map((row) => (
            <RowView key={row.id} row={row} self={self} readGap={readGap} />
          ))}
          <OutboxView
            outbox={outbox}
            connected={connected}
            retry={(id) => conversation.retry(id)}
            discard={(id) => conversation.discard(id)}
          />
        </div>
      </div>
      {atEnd ? null : (
        <button type="button" className="to-end" onClick={toEnd}>
          <DownIcon />
          Newest messages
        </button>
      )}
    </div>
  )
}

/** The beginning of the conversation, or what reads on when it comes into view. */
function Older({
  conversation,
  state: { timeline, standing },
  scroller,
}: {
  readonly conversation: Conversation
  readonly state: ConversationState
  readonly scroller: { readonly current: HTMLElement | null }
}) {
  const sentinel = useRef<HTMLDivElement>(null)
  const { older } = timeline
  useEffect(() => {
    const element = sentinel.current
    if (older !== 'more' || !element) return undefined
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some(({ isIntersecting }) => isIntersecting)) void conversation.readOlder()
      },
      { root: scroller.current, rootMargin: '600px 0px 0px' },
    )
    observer.observe(element)
    return () => observer.disconnect()
  }, [older, conversation, scroller])

  const first = older === 'reading' && !timeline.items.some(({ kind }) => kind === 'said')
  if (standing.kind === 'joining' || first) return <Skeleton />
  return (
    <div className="older" ref={sentinel}>
      {older === 'reading' ? 'Reading older messages…' : null}
      {older === 'failed' ? (
        <button type="button" className="button button-small" onClick={() => void conversation.readOlder()}>
          Older messages could not be read. Try again
        </button>
      ) : null}
      {older === 'all' ? beginningOf(timeline.items) : null}
    </div>
  )
}

function beginningOf(items: readonly Item[]): string | null {
  const first = items.find((item) => item.kind === 'said')
  if (!first) return null
  return first.position.offset === 1 ? 'The conversation begins here' : 'Older messages are not kept any more'
}

function Skeleton() {
  return (
    <div className="skeleton" aria-hidden="true">
      {[62, 44, 71].map((width) => (
        <div className="skeleton-line" key={width} data-width={width} />
      ))}
    </div>
  )
}

function Empty({ room, share }: { readonly room: RoomRef; readonly share: () => void }) {
  const isPrivate = room.kind === 'private'
  return (
    <div className="empty">
      <h2 dir="auto">{isPrivate ? room.title : `#${room.title}`}</h2>
      <p>
        {isPrivate
          ? 'Nobody has said anything yet. Only those who have the invitation can come in.'
          : 'Nobody has said anything yet. Whoever has the link can come in.'}
      </p>
      <button type="button" className="button" onClick={share}>
        <LinkIcon />
        {isPrivate ? 'Copy the invitation link' : 'Copy the link to this room'}
      </button>
    </div>
  )
}
