import type { LobbyMember } from '../model/conversation.ts'
import { Avatar } from './avatar.tsx'
import { CloseIcon } from './icons.tsx'

/** Who is here. */
export function People({
  members,
  self,
  current,
  close,
}: {
  readonly members: readonly LobbyMember[]
  readonly self: string
  /** Whether the list is kept up to date: not while the connection is lost. */
  readonly current: boolean
  /** Where the list lies over the page. */
  readonly close: (() => void) | null
}) {
  const sorted = [...members].sort(
    (a, b) => Number(b.key === self) - Number(a.key === self) || a.meta.name.localeCompare(b.meta.name),
  )
  return (
    <>
      <header className="panel-head">
        <h2 id="people-title">
          {current ? 'Here now' : 'Last seen here'} <span className="count">{members.length}</span>
        </h2>
        {close ? (
          <button type="button" className="icon-button" aria-label="Close the list of people" onClick={close}>
            <CloseIcon />
          </button>
        ) : null}
      </header>
      <ul className="people" data-stale={!current || undefined} aria-labelledby="people-title">
        {sorted.map(({ key, meta, entries }) => (
          <li className="person" key={key}>
            <span className="person-avatar">
              <Avatar id={key} name={meta.name} />
              <span className="here" aria-hidden="true" />
            </span>
            <span className="person-name" dir="auto">
              {meta.name}
            </span>
            {key === self ? <span className="tag">you</span> : null}
            {entries.length > 1 ? (
              <span className="tag tag-tabs" title={`${meta.name} is here ${entries.length} times`}>
                {entries.length} tabs
              </span>
            ) : null}
          </li>
        ))}
      </ul>
    </>
  )
}
