import { systemRandom } from '@rollcall/core'
import { useEffect, useRef, useState } from 'react'
import { toRoomName } from '../../../src/room-name.ts'
import { readInvitation, toTitle } from '../model/address.ts'
import { privateRoom, publicRoom, type RoomRef } from '../model/rooms.ts'
import { Dialog } from './dialog.tsx'
import { HashIcon, LockIcon } from './icons.tsx'

type Kind = 'room' | 'private'

/** Asks for a room: a public one by its name, a private one that is new, or one that somebody invited to. */
export function NewRoom({
  enter,
  close,
}: {
  readonly enter: (room: RoomRef, isNew: boolean) => void
  readonly close: () => void
}) {
  const [kind, setKind] = useState<Kind>('room')
  const [text, setText] = useState('')
  const field = useRef<HTMLInputElement>(null)
  useEffect(() => field.current?.focus(), [])
  const invited = readInvitation(text)
  const name = toRoomName(text)
  const ready = invited !== null || (kind === 'room' ? name !== '' : text.trim() !== '')
  const submit = () => {
    if (!ready) return
    if (invited) enter(privateRoom(invited.invitation, invited.title), false)
    else if (kind === 'room') enter(publicRoom(name), false)
    else enter(privateRoom(systemRandom.token(24), toTitle(text)), true)
  }
  return (
    <Dialog title="Go to a room" close={close}>
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault()
          submit()
        }}
      >
        <fieldset className="choices">
          <legend className="sr-only">Who can come in</legend>
          <Choice kind="room" chosen={kind} choose={setKind} title="Public" text="Whoever knows the name can come in" />
          <Choice kind="private" chosen={kind} choose={setKind} title="Private" text="Only with an invitation link" />
        </fieldset>
        <label className="field">
          <span>Name</span>
          <input
            ref={field}
            value={text}
            maxLength={300}
            dir="auto"
            placeholder={kind === 'room' ? 'e.g. design' : 'e.g. Offsite planning'}
            onChange={(event) => setText(event.target.value)}
          />
        </label>
        <p className="hint" aria-live="polite">
          {invited
            ? `An invitation to “${invited.title}”`
            : kind === 'room'
              ? name && name !== text
                ? `It will be #${name}`
                : 'If the room does not exist yet, you are the first one in it.'
              : 'You get a link to give to those you want in it.'}
        </p>
        <button type="submit" className="button button-main" disabled={!ready}>
          {invited ? 'Enter' : kind === 'room' ? 'Enter the room' : 'Create, and copy the invitation'}
        </button>
      </form>
    </Dialog>
  )
}

function Choice({
  kind,
  chosen,
  choose,
  title,
  text,
}: {
  readonly kind: Kind
  readonly chosen: Kind
  readonly choose: (kind: Kind) => void
  readonly title: string
  readonly text: string
}) {
  return (
    <label className="choice">
      <input type="radio" name="kind" checked={kind === chosen} onChange={() => choose(kind)} />
      {kind === 'room' ? <HashIcon /> : <LockIcon />}
      <span>
        <strong>{title}</strong>
        <small>{text}</small>
      </span>
    </label>
  )
}
