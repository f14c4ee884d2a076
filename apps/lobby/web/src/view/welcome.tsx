import { useEffect, useRef, useState } from 'react'
import { MAX_NAME_LENGTH } from '../../../src/contract.ts'
import { readAddress } from '../model/address.ts'
import { Mark } from './icons.tsx'

/** Asks for a name, the first time. */
export function Welcome({ enter }: { readonly enter: (name: string) => void }) {
  const [name, setName] = useState('')
  const field = useRef<HTMLInputElement>(null)
  useEffect(() => field.current?.focus(), [])
  const address = readAddress(location.hash)
  return (
    <main className="welcome">
      <form
        className="welcome-card"
        onSubmit={(event) => {
          event.preventDefault()
          if (name.trim() !== '') enter(name.trim())
        }}
      >
        <span className="brand">
          <Mark />
          Rollcall
        </span>
        <h1>{address?.kind === 'invitation' ? `You are invited to “${address.title}”` : 'Who is there?'}</h1>
        <p>Choose the name that others see. There is no account: this browser remembers you.</p>
        <label className="field">
          <span>Your name</span>
          <input
            ref={field}
            value={name}
            maxLength={MAX_NAME_LENGTH}
            autoComplete="nickname"
            dir="auto"
            onChange={(event) => setName(event.target.value)}
          />
        </label>
        <button type="submit" className="button button-main" disabled={name.trim() === ''}>
          Come in
        </button>
      </form>
    </main>
  )
}
