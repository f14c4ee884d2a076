import type { History, Members } from '@rollcall/testkit'

export interface PersonOptions {
  readonly url: string
  readonly history: History
  /** Also its credentials. */
  readonly user: string
  readonly topic: string
  /** Whether it polls, where its client can: each request may come to another node. */
  readonly polls?: boolean
}

/** Somebody in a topic, whatever its client speaks. What happens to it is in the history. */
export interface Person {
  readonly user: string
  readonly topic: string
  readonly speaks: 'rollcall' | 'socket.io' | 'phoenix'
  /** Whether it is in the topic now. */
  readonly here: boolean
  /** Sends a text and records what becomes of it. */
  say(text: string): Promise<void>
  /** Shows itself in this state. */
  show(n: number): void
  /** Whom it sees, and in which states. */
  members(): Members
  close(): Promise<void>
}

/** Says something now and then until told to stop; resolves when all of it has its outcome. */
export function talk(person: Person, everyMs: number): () => Promise<void> {
  const saying = new Set<Promise<void>>()
  let said = 0
  let timer: NodeJS.Timeout
  // At uneven times: people do not speak in chorus.
  const later = () => {
    timer = setTimeout(
      () => {
        const one = person.say(`${person.user}-${++said}`).finally(() => saying.delete(one))
        saying.add(one)
        later()
      },
      everyMs * (0.5 + Math.random()),
    )
  }
  later()
  return async () => {
    clearTimeout(timer)
    await Promise.all(saying)
  }
}
