import { memo } from 'react'
import { tintOf } from '../model/avatar.ts'
import type { Group, Row } from '../model/rows.ts'
import { isEmoji } from '../model/text.ts'
import { dateAndTime, dayOf, listOf, timeOfDay } from '../model/time.ts'
import type { Missed, Moved } from '../model/timeline.ts'
import { Avatar } from './avatar.tsx'
import { MessageText } from './message-text.tsx'

/** A row of the conversation. */
export const RowView = memo(function RowView({
  row,
  self,
  readGap,
}: {
  readonly row: Row
  readonly self: string
  readonly readGap: (id: string) => void
}) {
  switch (row.kind) {
    case 'group':
      return <GroupView group={row} own={row.key === self} />
    case 'day':
      return (
        <div className="rule" data-id={row.id}>
          <time dateTime={new Date(row.at).toISOString()}>{dayOf(row.at, Date.now())}</time>
        </div>
      )
    case 'new':
      return (
        <div className="rule rule-new" data-id="new">
          <span>New</span>
        </div>
      )
    case 'away':
      return (
        <div className="note note-away" data-id={row.id}>
          You were away: {row.count === 1 ? '1 message' : `${row.count} messages`}
        </div>
      )
    case 'moved':
      return (
        <div className="note" data-id={row.id}>
          {movedText(row)}
        </div>
      )
    case 'missed':
      return <GapView gap={row} read={readGap} />
  }
})

function movedText({ joined, left }: Moved): string {
  const parts: string[] = []
  if (joined.length > 0) parts.push(`${listOf(joined.map(({ name }) => name))} joined`)
  if (left.length > 0) parts.push(`${listOf(left.map(({ name }) => name))} left`)
  return parts.join(' · ')
}

const GroupView = memo(function GroupView({ group, own }: { readonly group: Group; readonly own: boolean }) {
  return (
    <article
      className="group"
      data-own={own || undefined}
      aria-label={`${own ? 'You' : group.name}, ${timeOfDay(group.at)}`}
    >
      {own ? null : <Avatar id={group.key} name={group.name} />}
      <div className="group-body">
        <header className="group-head">
          <span className="author" data-tint={own ? undefined : tintOf(group.key)} dir="auto">
            {own ? 'You' : group.name}
          </span>
          <time dateTime={new Date(group.at).toISOString()} title={dateAndTime(group.at)}>
            {timeOfDay(group.at)}
          </time>
        </header>
        {group.messages.map(({ id, text, at }) => (
          <div className="bubble-line" key={id} data-id={id}>
            <div className={isEmoji(text) ? 'bubble bubble-emoji' : 'bubble'} dir="auto" title={dateAndTime(at)}>
              <MessageText text={text} />
            </div>
          </div>
        ))}
      </div>
    </article>
  )
})

function GapView({ gap, read }: { readonly gap: Missed; readonly read: (id: string) => void }) {
  return (
    <div className="gap" data-id={gap.id} role="note">
      <p>{gapText(gap)}</p>
      {gap.reading === 'more' || gap.reading === 'failed' ? (
        <button type="button" className="button button-small" onClick={() => read(gap.id)}>
          {gap.reading === 'failed' ? 'Try again' : 'Show earlier messages'}
        </button>
      ) : null}
    </div>
  )
}

function gapText({ reason, reading }: Missed): string {
  if (reading === 'reading') return 'Reading what you missed…'
  if (reading === 'failed') return 'Messages are missing here, and could not be read.'
  if (reading === 'more') return 'Messages are missing here.'
  if (reason === 'too_old') return 'Messages before this were missed: they are too old, and no longer kept.'
  return 'Messages before this may be missing: the server could not continue where you were.'
}
