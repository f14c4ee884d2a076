import { type Client, connect } from '@rollcall/client'
import { recordRoom } from '@rollcall/testkit'
import { application } from './application.ts'
import type { Person, PersonOptions } from './person.ts'

/** Comes in with the client of Rollcall. */
export function nativePerson({ url, history, user, topic }: PersonOptions): Person & { readonly client: Client } {
  const client = connect(application, url, { credentials: { user } })
  const room = client.join(topic as 'room:a', { presence: { n: 0 } })
  const recorded = recordRoom(history, room, { who: user, user, events: ['said'] })
  return {
    user,
    topic,
    client: client as unknown as Client,
    speaks: 'rollcall',
    get here() {
      return room.state.kind === 'joined'
    },
    say: (text) => recorded.send('say', text, text),
    show: (n) => void room.presence.update({ n }).catch(() => {}),
    members: () =>
      Object.fromEntries(room.presence.members().map(({ key, entries }) => [key, entries.map(({ meta }) => meta)])),
    close: () => client.close(),
  }
}
