import type {
  Contract,
  Effect,
  Joined,
  Notice,
  Outcome,
  Refusal,
  Request,
  RosterCount,
  RosterDiff,
  RosterState,
  Variant,
} from '@rollcall/core'
import { type Frame, NO_REF } from './frames.ts'
import { isHidden, readJoin } from './join.ts'
import { type Asked, type Ending, Place } from './place.ts'
import { joinedResponse, keptOutResponse, sentResponse, TOO_MANY } from './response.ts'
import type { Voice } from './voice.ts'

export interface PlacesOptions {
  readonly contract: Contract
  readonly variant: Variant
  readonly maxChannels: number
  /** How long a leave, or another join, of a topic waits for what was asked there before, in milliseconds. */
  readonly patienceMs: number
}

/** Where the reply to a push goes. */
interface PushMark {
  readonly place: Place
  readonly frame: Frame
}

const NOTHING: readonly Effect[] = []

/** Frames that may wait for channels to change their states. */
const MAX_WAITING = 64

/** The channels of one client: one a topic, each in its own state. */
export class Places {
  readonly #options: PlacesOptions
  readonly #voice: Voice
  readonly #byTopic = new Map<string, Place>()
  // Those that time matters to: frames wait there, or a roster is to be asked for again.
  readonly #due = new Set<Place>()
  #waiting = 0

  constructor(options: PlacesOptions, voice: Voice) {
    this.#options = options
    this.#voice = voice
  }

  /** Whether more waits for channels than a client has reason to send. */
  get crowded(): boolean {
    return this.#waiting > MAX_WAITING
  }

  // What a client asks

  take(frame: Frame, now: number): readonly Effect[] {
    const { topic, event } = frame
    const place = this.#byTopic.get(topic)
    if (event === 'phx_join') {
      return place ? this.#endWhenDone(place, { kind: 'replace', frame }, now) : this.#join(frame, null)
    }
    if (!place) return [event === 'phx_leave' ? this.#voice.ok(frame.joinRef, frame, {}) : this.#voice.unmatched(frame)]
    // Behind what changes the state, everything waits for its turn.
    if (place.waiting.length > 0 || place.state.kind === 'ending') return this.#wait(place, frame, now)
    if (frame.joinRef !== NO_REF && frame.joinRef !== place.joinRef) return NOTHING
    return event === 'phx_leave' ? this.#endWhenDone(place, { kind: 'leave', frame }, now) : [this.#push(place, frame)]
  }

  #join(frame: Frame, old: Place | null): readonly Effect[] {
    const { contract, maxChannels, variant } = this.#options
    const { topic } = frame
    const replaced = old?.joinRef ?? null
    const found = contract.match(topic)
    if (!found) return [this.#voice.unmatched(frame), ...this.#voice.replaced(replaced, topic)]
    if (this.#byTopic.size >= maxChannels) return [this.#voice.error(frame.joinRef, frame, TOO_MANY)]
    const place = new Place(frame, found.spec, replaced)
    this.#byTopic.set(topic, place)
    const { input, presence, since } = readJoin(frame.payload, found.spec)
    return [request({ kind: 'join', ref: place, topic, alias: topic, variant, input, presence, since, roster: null })]
  }

  #push(place: Place, frame: Frame): Effect {
    const { topic, event, payload } = frame
    const mark: PushMark = { place, frame }
    place.pending++
    const about = { ref: mark, alias: topic }
    const { call, send, presence } = place.spec
    if (call && Object.hasOwn(call, event)) return request({ kind: 'call', ...about, name: event, payload })
    // Unless the application has another use for the word.
    if (event === 'presence' && presence && !(send && Object.hasOwn(send, event)))
      return request(isHidden(payload) ? { kind: 'untrack', ...about } : { kind: 'track', ...about, meta: payload })
    return request({ kind: 'send', ...about, event, payload, id: null })
  }

  // Behind the replies to what was asked before: a client that says goodbye and leaves has said it.
  #endWhenDone(place: Place, ending: Asked, now: number): readonly Effect[] {
    const done = place.state.kind === 'joined' && place.pending === 0 && place.waiting.length === 0
    return done ? this.#end(place, ending) : this.#wait(place, ending.frame, now)
  }

  #end(place: Place, ending: Ending): readonly Effect[] {
    place.state = { kind: 'ending', ending }
    return [leaveOf(place)]
  }

  #wait(place: Place, frame: Frame, now: number): readonly Effect[] {
    if (place.waiting.length === 0) place.waitingSince = now
    place.waiting.push(frame)
    this.#waiting++
    this.#due.add(place)
    return NOTHING
  }

  #forget(place: Place): void {
    this.#byTopic.delete(place.topic)
    place.rosterDue = false
    if (place.waiting.length === 0) this.#due.delete(place)
  }

  // Frames that waited go on, until one of them changes the state again.
  #release(place: Place, now: number): readonly Effect[] {
    const frames = place.waiting.splice(0)
    this.#waiting -= frames.length
    if (!place.rosterDue) this.#due.delete(place)
    return frames.flatMap((frame) => this.take(frame, now))
  }

  // What came of it

  answer(request: Request, outcome: Outcome, now: number): readonly Effect[] {
    switch (request.kind) {
      case 'join':
        return this.#joined(request.ref as Place, outcome, now)
      case 'leave':
        return this.#ended(request.ref as Place, outcome, now)
      case 'roster':
        return this.#rostered(request.ref as Place, outcome)
      default:
        return this.#pushed(request, outcome, now)
    }
  }

  #joined(place: Place, outcome: Outcome, now: number): readonly Effect[] {
    const current = this.#byTopic.get(place.topic) === place
    // Given up, and told so; if it could not be left then, it must be now.
    if (!current) return outcome.ok ? [leaveOf(place)] : NOTHING
    const effects = outcome.ok ? this.#entered(place, outcome.result as Joined) : this.#keptOut(place, outcome.refusal)
    return [...effects, ...this.#release(place, now)]
  }

  #entered(place: Place, joined: Joined): readonly Effect[] {
    const { joinRef, replaced, topic } = place
    // First: what cannot be encoded throws here, and comes again as a refusal.
    const reply = this.#voice.ok(joinRef, place, joinedResponse(joined))
    place.state = { kind: 'joined' }
    const { roster } = joined
    const told = roster && !('since' in roster) ? [this.#voice.roster(place, roster)] : NOTHING
    return [reply, ...this.#voice.replaced(replaced, topic), ...told]
  }

  #keptOut(place: Place, refusal: Refusal): readonly Effect[] {
    const { joinRef, replaced, topic } = place
    this.#forget(place)
    const told = [this.#voice.error(joinRef, place, keptOutResponse(refusal)), ...this.#voice.replaced(replaced, topic)]
    // If only the answer could not be encoded, it was let in.
    return refusal.code === 'internal' ? [...told, leaveOf(place)] : told
  }

  #ended(place: Place, outcome: Outcome, now: number): readonly Effect[] {
    const { state, joinRef } = place
    // The leave of a join that was given up, or kept out.
    if (state.kind !== 'ending') return NOTHING
    const { ending } = state
    if (!outcome.ok && outcome.refusal.code !== 'not_joined') {
      place.state = { kind: 'joined' }
      const told = 'frame' in ending ? [this.#voice.refused(joinRef, ending.frame, outcome.refusal)] : NOTHING
      return [...told, ...this.#release(place, now)]
    }
    this.#forget(place)
    return [...this.#endedFor(place, ending), ...this.#release(place, now)]
  }

  #endedFor(place: Place, ending: Ending): readonly Effect[] {
    switch (ending.kind) {
      case 'leave':
        return [this.#voice.ok(place.joinRef, ending.frame, {}), this.#voice.closed(place, {})]
      case 'replace':
        return this.#join(ending.frame, place)
      case 'error':
        return [this.#voice.failed(place, ending.reason)]
    }
  }

  #pushed(request: Request, outcome: Outcome, now: number): readonly Effect[] {
    const { place, frame } = request.ref as PushMark
    const told = this.#told(request.kind, place, frame, outcome)
    place.pending--
    if (this.#byTopic.get(place.topic) !== place || place.state.kind !== 'joined') return [told]
    // A handler that breaks ends its channel and nothing else; the client joins it again.
    if (!outcome.ok && outcome.refusal.code === 'internal') return [told, ...this.#end(place, CRASHED)]
    return place.pending === 0 && place.waiting.length > 0 ? [told, ...this.#release(place, now)] : [told]
  }

  #told(kind: Request['kind'], { joinRef }: Place, frame: Frame, outcome: Outcome): Effect {
    if (outcome.ok)
      return this.#voice.ok(joinRef, frame, kind === 'call' ? outcome.result : sentResponse(outcome.result))
    const { refusal } = outcome
    return refusal.code === 'not_joined' ? this.#voice.unmatched(frame) : this.#voice.refused(joinRef, frame, refusal)
  }

  #rostered(place: Place, outcome: Outcome): readonly Effect[] {
    if (this.#byTopic.get(place.topic) !== place) return NOTHING
    if (outcome.ok) return [this.#voice.roster(place, outcome.result as RosterState | RosterCount)]
    place.rosterDue = outcome.refusal.code === 'rate_limited'
    if (place.rosterDue) this.#due.add(place)
    return NOTHING
  }

  // What a client is told without having asked

  notify(notice: Exclude<Notice, { readonly kind: 'closing' }>): readonly Effect[] {
    const place = this.#byTopic.get(notice.alias)
    if (place?.state.kind !== 'joined') return NOTHING
    switch (notice.kind) {
      case 'left':
        this.#forget(place)
        // What waited for pushes to be answered, a join above all, waits for nothing any more.
        return [this.#voice.closed(place, { reason: notice.reason }), ...this.#release(place, place.waitingSince)]
      case 'gap':
        // There is no word for it, and to go on would pass off a part for the whole. What a client does when it joins again
        // brings it up to date.
        return this.#end(place, { kind: 'error', reason: { reason: 'messages were lost', gap: notice.reason } })
      case 'roster':
        return [this.#repair(place, notice.roster)]
    }
  }

  // A diff over several versions does not name the states that it replaces: only a whole roster removes them.
  #repair(place: Place, roster: RosterState | RosterDiff | RosterCount): Effect {
    if (!('since' in roster)) return this.#voice.roster(place, roster)
    place.rosterDue = false
    return request({ kind: 'roster', ref: place, alias: place.topic, since: null })
  }

  // Time

  pursue(now: number): readonly Effect[] {
    if (this.#due.size === 0) return NOTHING
    return [...this.#due].flatMap((place) => {
      if (place.rosterDue) return this.#askAgain(place)
      const patient = place.waiting.length === 0 || now - place.waitingSince < this.#options.patienceMs
      if (patient || place.state.kind === 'ending') return NOTHING
      return place.state.kind === 'joining' ? this.#giveUp(place, now) : this.#endAnyway(place)
    })
  }

  // A handler takes its time: its reply comes behind the end.
  #endAnyway(place: Place): readonly Effect[] {
    const frame = place.waiting.shift()
    if (!frame) return NOTHING
    this.#waiting--
    return this.#end(place, { kind: frame.event === 'phx_join' ? 'replace' : 'leave', frame })
  }

  #askAgain(place: Place): readonly Effect[] {
    place.rosterDue = false
    if (place.waiting.length === 0) this.#due.delete(place)
    return [request({ kind: 'roster', ref: place, alias: place.topic, since: null })]
  }

  // The application takes its time, and the client wants something else by now.
  #giveUp(place: Place, now: number): readonly Effect[] {
    const { joinRef, replaced, topic } = place
    this.#forget(place)
    const refusal = { code: 'closed', message: 'it was left before it was joined' } as const
    const told = [this.#voice.refused(joinRef, place, refusal), ...this.#voice.replaced(replaced, topic)]
    return [leaveOf(place), ...told, ...this.#release(place, now)]
  }
}

const CRASHED: Ending = { kind: 'error', reason: { reason: 'channel_crash' } }

function request(request: Request): Effect {
  return { kind: 'request', request }
}

function leaveOf(place: Place): Effect {
  return request({ kind: 'leave', ref: place, alias: place.topic })
}
