import { useEffect, useRef, useState } from 'react'
import { MAX_NAME_LENGTH } from '../../../src/contract.ts'
import type { Chat, ChatState } from '../model/chat.ts'
import { Avatar } from './avatar.tsx'
import { KeyboardIcon, PencilIcon } from './icons.tsx'
import { ThemeButton } from './theme-button.tsx'

const STANDING = { connecting: 'Connecting', open: 'Online', waiting: 'Reconnecting', closed: 'Disconnected' }

/** Oneself: the name can be changed where it stands. */
export function Me({
  chat,
  state: { name, connection },
  showShortcuts,
}: {
  readonly chat: Chat
  readonly state: ChatState
  readonly showShortcuts: () => void
}) {
  const [editing, setEditing] = useState(false)
  const button = useRef<HTMLButtonElement>(null)
  const wasEditing = useRef(false)
  useEffect(() => {
    if (wasEditing.current && !editing) button.current?.focus()
    wasEditing.current = editing
  }, [editing])
  return (
    <footer className="me">
      <span className="person-avatar">
        <Avatar id={chat.self} name={name} />
        <span className="here" data-kind={connection.kind} aria-hidden="true" />
      </span>
      {editing ? (
        <NameField
          name={name}
          done={(next) => {
            if (next !== null) chat.rename(next)
            setEditing(false)
          }}
        />
      ) : (
        <div className="me-who">
          <button
            ref={button}
            type="button"
            className="me-name"
            aria-label={`${name}, change your name`}
            onClick={() => setEditing(true)}
          >
            <span dir="auto">{name}</span>
            <PencilIcon />
          </button>
          <small>{STANDING[connection.kind]}</small>
        </div>
      )}
      <ThemeButton />
      <button type="button" className="icon-button me-keys" aria-label="Keyboard shortcuts" onClick={showShortcuts}>
        <KeyboardIcon />
      </button>
    </footer>
  )
}

function NameField({ name, done }: { readonly name: string; readonly done: (name: string | null) => void }) {
  const [text, setText] = useState(name)
  const field = useRef<HTMLInputElement>(null)
  useEffect(() => field.current?.select(), [])
  const save = () => done(text.trim() || null)
  return (
    <form
      className="me-form"
      onSubmit={(event) => {
        event.preventDefault()
        save()
      }}
    >
      <input
        ref={field}
        value={text}
        maxLength={MAX_NAME_LENGTH}
        aria-label="Your name"
        autoComplete="nickname"
        dir="auto"
        onChange={(event) => setText(event.target.value)}
        onBlur={save}
        onKeyDown={(event) => {
          if (event.key !== 'Escape') return
          event.stopPropagation()
          done(null)
        }}
      />
    </form>
  )
}
