import {
  type CallRequestMessage,
  errorOf,
  type HistoryRequest,
  type RosterRequest,
  type Schema,
  type SendRequest,
  type TopicRequest,
  type TrackRequest,
} from '@rollcall/core'
import { type Channels, ownEntry } from './channels.ts'
import { check, checkMeta } from './checking.ts'
import { EndContext, MessageContext } from './contexts.ts'
import { toDelivery } from './feed.ts'
import type { Action, LeaveContext } from './handlers.ts'
import type { Idempotency } from './idempotency.ts'
import { type JoinLimits, show } from './joining.ts'
import type { Membership, Peer } from './membership.ts'
import { NOWHERE, Place } from './place.ts'
import { type Answer, done, refusalOf, refused } from './refusals.ts'

/** Everything that a member may ask of a channel once it is in it. */
export class Requests {
  readonly #channels: Channels
  readonly #sends: Idempotency
  readonly #limits: JoinLimits

  constructor(channels: Channels, sends: Idempotency, limits: JoinLimits) {
    this.#channels = channels
    this.#sends = sends
    this.#limits = limits
  }

  /** Answers exactly once. */
  perform(peer: Peer, request: TopicRequest, answer: Answer): void {
    const membership = peer.memberships.get(request.alias)
    if (!membership) return answer(refused('not_joined', `Join ${clip(request.alias)} first`))
    if (request.kind === 'leave') {
      this.end(membership, 'left')
      return answer(done(null))
    }
    // A request right behind its join waits for the decision.
    if (membership.joining) {
      void membership.joining.then(() => this.perform(peer, request, answer))
      return
    }
    switch (request.kind) {
      case 'send':
        return this.#send(membership, request, answer)
      case 'call':
        return this.#call(membership, request, answer)
      case 'track':
        return this.#settle(this.#track(membership, request), `Presence in ${membership.channel.name}`, answer)
      case 'untrack':
        if (membership.entry !== null) membership.channel.untrack(membership.entry)
        membership.entry = null
        return answer(done(null))
      case 'history':
        return this.#settle(this.#history(membership, request), `History of ${membership.channel.name}`, answer)
      case 'roster':
        return this.#roster(membership, request, answer)
    }
  }

  #settle(result: Promise<unknown>, what: string, answer: Answer): void {
    result.then(
      (value) => answer(done(value)),
      (error: unknown) => this.#fail(error, what, answer),
    )
  }

  #fail(error: unknown, what: string, answer: Answer): void {
    const { refusal, unexpected } = refusalOf(error, what)
    if (unexpected) this.#channels.report(`${what} failed`, error)
    answer({ ok: false, refusal })
  }

  #send(membership: Membership, request: SendRequest, answer: Answer): void {
    if (request.id === null) return this.#dispatch(membership, request, answer)
    const key = `${membership.peer.user.id}\n${membership.channel.name}\n${request.id}`
    if (!this.#sends.first(key, answer)) return
    this.#dispatch(membership, request, (outcome) => {
      answer(outcome)
      this.#sends.settle(key, outcome)
    })
  }

  // Sends of one member start in their order: the next one when the one before has emitted, or has ended.
  #dispatch(membership: Membership, request: SendRequest, answer: Answer): void {
    const before = membership.sending
    const started = before
      ? before.then(() => this.#sendNow(membership, request, answer))
      : this.#sendNow(membership, request, answer)
    if (!started) return
    const sending: Promise<void> = started.finally(() => {
      if (membership.sending === sending) membership.sending = null
    })
    membership.sending = sending
  }

  // Answers a promise if it is not known yet where this send stands among the member's others.
  #sendNow(membership: Membership, request: SendRequest, answer: Answer): Promise<void> | undefined {
    const { spec, name } = membership.channel
    const schema = ownEntry(spec.send, request.event)
    if (!schema) {
      answer(refused('unknown_event', `${name} takes no "${clip(request.event)}"`))
      return undefined
    }
    const retryAfterMs = membership.channel.rates?.take(membership.peer.user.id, membership.channel.topic.size) ?? 0
    if (retryAfterMs > 0) {
      answer(refused('rate_limited', `${name} takes no more now: wait ${retryAfterMs} ms`, { retryAfterMs }))
      return undefined
    }
    const what = `${clip(request.event)} on ${name}`
    const place = new Place()
    const context = new MessageContext(membership, this.#channels, request.id, place)
    let running: unknown
    try {
      running = this.#run(membership, { kind: 'send', event: request.event }, schema, request.payload, what, context)
    } catch (error) {
      this.#fail(error, what, answer)
      return undefined
    }
    if (!(running instanceof Promise)) {
      answer(done(running ?? null))
      return undefined
    }
    running.then(
      (result) => {
        answer(done(result ?? null))
        place.take()
      },
      (error: unknown) => {
        this.#fail(error, what, answer)
        place.take()
      },
    )
    return place.taken ? undefined : place.wait()
  }

  #call(membership: Membership, request: CallRequestMessage, answer: Answer): void {
    const { spec, name } = membership.channel
    const call = ownEntry(spec.call, request.name)
    if (!call) return answer(refused('unknown_event', `${name} has no call "${clip(request.name)}"`))
    const what = `${clip(request.name)} on ${name}`
    const context = this.#contextOf(membership)
    try {
      const action = { kind: 'call', name: request.name } as const
      const running = this.#run(membership, action, call.input, request.payload, what, context)
      if (running instanceof Promise) return this.#settle(this.#replied(running, call.output, what), what, answer)
      const checked = checkReply(call.output, running, what)
      if (checked instanceof Promise)
        return this.#settle(
          this.#replied(
            checked.then(() => running),
            call.output,
            what,
          ),
          what,
          answer,
        )
      answer(done(running ?? null))
    } catch (error) {
      this.#fail(error, what, answer)
    }
  }

  async #replied(running: Promise<unknown>, output: Schema, what: string): Promise<unknown> {
    const reply = await running
    await checkReply(output, reply, what)
    return reply ?? null
  }

  // Runs a handler, if the application permits it, with what the schema makes of the payload. At once, where permission,
  // schema and handler are.
  #run(
    membership: Membership,
    action: Action & { readonly kind: 'send' | 'call' },
    schema: Schema,
    payload: unknown,
    what: string,
    context: MessageContext,
  ): unknown {
    const permission = this.#permit(membership, action, context)
    if (permission) return permission.then(() => runChecked(membership, action, schema, payload, what, context))
    return runChecked(membership, action, schema, payload, what, context)
  }

  // Throws, or rejects, unless the application permits the action. Undefined where that is known at once.
  #permit(membership: Membership, action: Action, context: MessageContext): Promise<void> | undefined {
    const { name, handlers } = membership.channel
    if (!handlers.permit) return undefined
    const require = (may: unknown) => {
      if (may !== true) throw errorOf({ code: 'unauthorized', message: `That is not permitted on ${name}` })
    }
    const failed = (error: unknown) => {
      this.#channels.report(`permit of ${name} failed`, error)
      return false
    }
    let may: boolean | Promise<boolean>
    try {
      may = handlers.permit(context as never, action)
    } catch (error) {
      may = failed(error)
    }
    if (may instanceof Promise) return may.catch(failed).then(require)
    require(may)
    return undefined
  }

  async #track(membership: Membership, { meta }: TrackRequest): Promise<null> {
    const { channel } = membership
    const { spec } = channel
    if (!spec.presence) throw errorOf({ code: 'no_presence', message: `${channel.name} has no presence` })
    await this.#permit(membership, { kind: 'presence' }, this.#contextOf(membership))
    const value = await checkMeta(spec.presence, meta, channel.name, this.#limits.presenceBytes)
    if (membership.feeding === 'ended') throw errorOf({ code: 'not_joined', message: `${channel.name} was left` })
    const own = membership.entry === null ? undefined : channel.tracker?.roster.entry(membership.entry)
    show(membership, value, own ?? null)
    return null
  }

  #contextOf(membership: Membership): MessageContext {
    return new MessageContext(membership, this.#channels, null, NOWHERE)
  }

  async #history(membership: Membership, { before, after, limit }: HistoryRequest): Promise<unknown> {
    const { channel } = membership
    if (!channel.spec.history) throw errorOf({ code: 'no_history', message: `${channel.name} keeps no history` })
    await this.#permit(membership, { kind: 'history' }, this.#contextOf(membership))
    const page = await this.#channels.page(channel.name, before, after, limit)
    const messages = page.messages.map((message) => toDelivery(channel.name, message, page.epoch))
    return { epoch: page.epoch, more: page.more, messages }
  }

  #roster(membership: Membership, { since }: RosterRequest, answer: Answer): void {
    const { channel } = membership
    const roster = channel.rosterFor(since)
    if (!roster) return answer(refused('no_presence', `${channel.name} has no presence`))
    membership.told = channel.tracker?.version ?? null
    answer(done(roster))
  }

  /** Ends a membership: nothing published from now on reaches it, its entry goes, and the application is told. */
  end(membership: Membership, reason: LeaveContext<never>['reason']): void {
    const { channel, peer } = membership
    const wasIn = membership.feeding !== 'joining' && membership.feeding !== 'ended'
    const context = wasIn ? new EndContext(membership, this.#channels, reason) : null
    if (peer.memberships.get(membership.alias) === membership) peer.memberships.delete(membership.alias)
    channel.stopFeeding(membership)
    if (membership.entry !== null) channel.untrack(membership.entry)
    membership.entry = null
    this.#channels.left(channel)
    if (context) this.tellLeft(membership, context)
  }

  /** Tells the application that a membership has ended. */
  tellLeft({ channel }: Membership, context: EndContext): void {
    const { leave } = channel.handlers
    if (!leave) return
    try {
      const told = leave(context as never)
      if (told instanceof Promise)
        told.catch((error: unknown) => this.#channels.report(`leave of ${channel.name} failed`, error))
    } catch (error) {
      this.#channels.report(`leave of ${channel.name} failed`, error)
    }
  }
}

function runChecked(
  membership: Membership,
  action: Action & { readonly kind: 'send' | 'call' },
  schema: Schema,
  payload: unknown,
  what: string,
  context: MessageContext,
): unknown {
  const name = action.kind === 'send' ? action.event : action.name
  const value = check(schema, payload, what)
  if (value instanceof Promise) return value.then((later) => start(membership, name, later, context))
  return start(membership, name, value, context)
}

function start(membership: Membership, name: string, value: unknown, context: MessageContext): unknown {
  const { handlers, name: topic } = membership.channel
  if (membership.feeding === 'ended') throw errorOf({ code: 'not_joined', message: `${topic} was left` })
  const run = handlers[name]
  if (typeof run !== 'function') throw new TypeError(`No handler for ${name} on ${topic}`)
  return run(context, value) as unknown
}

function checkReply(schema: Schema, reply: unknown, what: string): unknown {
  const wrong = (cause: unknown) => new TypeError(`The reply of ${what} does not fit its schema`, { cause })
  try {
    const checked = check(schema, reply, what)
    return checked instanceof Promise
      ? checked.catch((error: unknown) => {
          throw wrong(error)
        })
      : checked
  } catch (error) {
    throw wrong(error)
  }
}

function clip(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}
