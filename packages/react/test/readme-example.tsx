import type { Client } from '@rollcall/client'
import { channel, contract } from '@rollcall/core'
import { useConnectionState, useMembers, useMessages, useRoom } from '@rollcall/react'
import { z } from 'zod'

// The same contract that the server has.
export const chat = contract({
  'room:{room}': channel({
    send: { message: z.string() },
    emit: { message: z.string() },
    presence: z.object({ name: z.string() }),
    history: {},
  }),
})

export function Lobby({ client }: { client: Client<(typeof chat)['channels']> }) {
  const { kind } = useConnectionState(client)
  const room = useRoom(client, 'room:lobby', { presence: { name: 'Tyr' } })
  const members = useMembers(room)
  const { items, more, loadOlder } = useMessages(room, 'message')
  return (
    <main aria-busy={kind !== 'open'}>
      <p>Here: {members.map(({ meta }) => meta.name).join(', ')}</p>
      <button type="button" disabled={!more} onClick={loadOlder}>
        Older
      </button>
      {items.map((item) =>
        item.kind === 'gap' ? <hr key={item.key} /> : <p key={item.key}>{item.message.payload}</p>,
      )}
      <button type="button" onClick={() => room?.send('message', 'hi')}>
        Say hi
      </button>
    </main>
  )
}
