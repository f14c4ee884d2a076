import { useState } from 'react'
import { LOBBY, readInvitation, writeAddress } from '../model/address.ts'
import type { Standing } from '../model/conversation.ts'
import { privateRoom, type RoomRef } from '../model/rooms.ts'
import { LockIcon } from './icons.tsx'

/** Says why one is not in a room, and what can be done. */
export function KeptOut({
  room,
  standing: { why, refused },
  enter,
  again,
}: {
  readonly room: RoomRef
  readonly standing: Standing & { readonly kind: 'out' }
  readonly enter: (room: RoomRef) => void
  readonly again: () => void
}) {
  const [text, setText] = useState('')
  const invited = readInvitation(text)
  return (
    <div className="kept-out">
      <span className="kept-out-sign">
        <LockIcon />
      </span>
      <h2>{refused ? 'You cannot come in' : 'You are not in this room any more'}</h2>
      <p>{why}</p>
      {room.kind === 'private' && refused ? (
        <form
          className="form"
          onSubmit={(event) => {
            event.preventDefault()
            if (invited) enter(privateRoom(invited.invitation, invited.title))
          }}
        >
          <label className="field">
            <span>Invitation link</span>
            <input value={text} placeholder="Paste it here" onChange={(event) => setText(event.target.value)} />
          </label>
          <button type="submit" className="button button-main" disabled={invited === null}>
            Come in
          </button>
        </form>
      ) : null}
      {refused ? null : (
        <button type="button" className="button button-main" onClick={again}>
          Come in again
        </button>
      )}
      <a className="link" href={writeAddress(LOBBY)}>
        Go to the lobby
      </a>
    </div>
  )
}
