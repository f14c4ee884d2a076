import type { Effect, Refusal, RosterCount, RosterState } from '@rollcall/core'
import { type Frame, NO_REF, type Ref } from './frames.ts'
import { countText, stateText } from './presence.ts'
import { refusedResponse, UNMATCHED } from './response.ts'
import type { Serializer } from './serializer.ts'

/** Where a reply goes. */
type Asked = Pick<Frame, 'ref' | 'topic'>
/** A channel of the client's. */
type Told = { readonly joinRef: Ref; readonly topic: string }

/** What a client is told, as effects. */
export class Voice {
  readonly #serializer: Serializer

  constructor(serializer: Serializer) {
    this.#serializer = serializer
  }

  ok(joinRef: Ref, asked: Asked, response: unknown): Effect {
    return this.#reply(joinRef, asked, 'ok', response)
  }

  error(joinRef: Ref, asked: Asked, response: unknown): Effect {
    return this.#reply(joinRef, asked, 'error', response)
  }

  refused(joinRef: Ref, asked: Asked, refusal: Refusal): Effect {
    return this.#reply(joinRef, asked, 'error', refusedResponse(refusal))
  }

  unmatched(asked: Asked): Effect {
    return this.#reply(NO_REF, asked, 'error', UNMATCHED)
  }

  #reply(joinRef: Ref, { ref, topic }: Asked, status: 'ok' | 'error', response: unknown): Effect {
    return { kind: 'write', payload: this.#serializer.reply(joinRef, ref, topic, status, response) }
  }

  roster({ joinRef, topic }: Told, roster: RosterState | RosterCount): Effect {
    const payload =
      'members' in roster
        ? this.#serializer.push(joinRef, topic, 'presence_count', countText(roster))
        : this.#serializer.push(joinRef, topic, 'presence_state', stateText(roster))
    return { kind: 'write', payload }
  }

  /** The channel is over, for good. */
  closed({ joinRef, topic }: Told, reason: object): Effect {
    return { kind: 'write', payload: this.#serializer.end(joinRef, topic, 'phx_close', JSON.stringify(reason)) }
  }

  /** The channel is over; the client is to join it again. */
  failed({ joinRef, topic }: Told, reason: object): Effect {
    return { kind: 'write', payload: this.#serializer.end(joinRef, topic, 'phx_error', JSON.stringify(reason)) }
  }

  /** The channel whose place another one took, if there was one. */
  replaced(joinRef: Ref | null, topic: string): readonly Effect[] {
    return joinRef === null ? [] : [{ kind: 'write', payload: this.#serializer.endReplaced(joinRef, topic) }]
  }
}
