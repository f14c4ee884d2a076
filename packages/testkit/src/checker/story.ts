import type { Position } from '@rollcall/core'
import type {
  BarredRecord,
  DeliverRecord,
  FaultRecord,
  GapRecord,
  HistoryRecord,
  JoinedRecord,
  LifeRecord,
  OutcomeRecord,
  ReadRecord,
  SendRecord,
} from '../history/records.ts'

/** A message from its sending on. */
export interface Sent {
  readonly send: SendRecord
  /** The place of the sending, and of its outcome, among all records. */
  readonly begun: number
  ended: number
  outcome: OutcomeRecord | null
  /** Where it stands, by whoever said so first; by epoch, for a lost log may get it a second time. */
  readonly places: Map<string, number>
  /** It was refused for now, and sent again behind what followed it. */
  postponed: boolean
}

/** What befell a membership, in order. */
export type Episode = DeliverRecord | GapRecord | LifeRecord

/** A membership from its join on. */
export interface Membership {
  readonly joined: JoinedRecord
  readonly episodes: Episode[]
  left: LifeRecord | null
  /** Whether it has its connection. */
  connected: boolean
}

/** What stands at an offset, and who said so. */
export interface Place {
  readonly value: string
  readonly record: HistoryRecord
}

/** A topic's positions of one epoch. */
export interface EpochPlaces {
  readonly epoch: string
  /** When it was first heard of: its place among all records. */
  readonly since: number
  top: number
  readonly byOffset: Map<number, Place>
}

/** A position that somebody named: an acknowledgement, a delivery, a read. */
export interface Claim {
  readonly topic: string
  readonly value: string
  readonly position: Position
  readonly record: OutcomeRecord | DeliverRecord | ReadRecord
}

/** A history, with what the rules look up. One pass over the records. */
export class Story {
  readonly records: readonly HistoryRecord[]
  readonly sends: Map<string, Sent> = new Map()
  readonly memberships: Map<string, Membership> = new Map()
  /** Deliveries to a membership that had not begun, or was over. */
  readonly stray: { readonly record: DeliverRecord; readonly membership: Membership | null }[] = []
  readonly epochs: Map<string, Map<string, EpochPlaces>> = new Map()
  readonly claims: Claim[] = []
  /** The last read of each topic. */
  readonly reads: Map<string, ReadRecord> = new Map()
  readonly barred: BarredRecord[] = []
  readonly faults: FaultRecord[] = []
  /** Records that do not fit to those before. */
  readonly malformed: HistoryRecord[] = []
  /** The place of the quiet record among all records; none: infinity. */
  quiet: number = Number.POSITIVE_INFINITY
  /** The time of the last lost log; none: minus infinity. */
  logLostAt: number = Number.NEGATIVE_INFINITY

  constructor(records: readonly HistoryRecord[]) {
    this.records = records
    for (const [i, record] of records.entries()) this.#take(record, i)
  }

  sent(topic: string, value: string): Sent | undefined {
    return this.sends.get(`${topic}\n${value}`)
  }

  place({ epoch, offset }: Position, topic: string): Place | undefined {
    return this.epochs.get(topic)?.get(epoch)?.byOffset.get(offset)
  }

  #take(record: HistoryRecord, i: number): void {
    switch (record.kind) {
      case 'send':
        return this.#send(record, i)
      case 'accepted':
      case 'refused':
      case 'unknown':
        return this.#outcome(record, i)
      case 'postponed': {
        const sent = this.sent(record.topic, record.value)
        if (sent) sent.postponed = true
        return
      }
      case 'joined':
        if (this.memberships.has(record.who)) this.malformed.push(record)
        else this.memberships.set(record.who, { joined: record, episodes: [], left: null, connected: true })
        return
      case 'deliver':
        if (record.position) this.#claim(record, record.value, record.position, i)
        return this.#episode(record)
      case 'gap':
      case 'interrupted':
      case 'resumed':
      case 'left':
      case 'lost':
        return this.#episode(record)
      case 'read': {
        const { topic, epoch } = record
        this.reads.set(topic, record)
        for (const [offset, value] of record.messages) this.#claim(record, value, { epoch, offset }, i)
        const places = this.#places(topic, epoch, i)
        places.top = Math.max(places.top, record.top)
        return
      }
      case 'barred':
        this.barred.push(record)
        return
      case 'fault':
        this.faults.push(record)
        if (record.fault === 'log_lost') this.logLostAt = record.at
        return
      case 'quiet':
        this.quiet = Math.min(this.quiet, i)
        return
      default:
    }
  }

  #send(record: SendRecord, i: number): void {
    const key = `${record.topic}\n${record.value}`
    if (this.sends.has(key)) this.malformed.push(record)
    else
      this.sends.set(key, {
        send: record,
        begun: i,
        ended: Number.POSITIVE_INFINITY,
        outcome: null,
        places: new Map(),
        postponed: false,
      })
  }

  #outcome(record: OutcomeRecord, i: number): void {
    const sent = this.sent(record.topic, record.value)
    if (!sent || sent.outcome) {
      this.malformed.push(record)
      return
    }
    sent.outcome = record
    sent.ended = i
    if (record.position) this.#claim(record, record.value, record.position, i)
  }

  #claim(record: Claim['record'], value: string, position: Position, i: number): void {
    const { topic } = record
    this.claims.push({ topic, value, position, record })
    const places = this.#places(topic, position.epoch, i)
    places.top = Math.max(places.top, position.offset)
    if (!places.byOffset.has(position.offset)) places.byOffset.set(position.offset, { value, record })
    const sent = this.sent(topic, value)
    if (sent && !sent.places.has(position.epoch)) sent.places.set(position.epoch, position.offset)
  }

  #places(topic: string, epoch: string, since: number): EpochPlaces {
    let ofTopic = this.epochs.get(topic)
    if (!ofTopic) {
      ofTopic = new Map()
      this.epochs.set(topic, ofTopic)
    }
    let places = ofTopic.get(epoch)
    if (!places) {
      places = { epoch, since, top: 0, byOffset: new Map() }
      ofTopic.set(epoch, places)
    }
    return places
  }

  #episode(record: Episode): void {
    const membership = this.memberships.get(record.who)
    if (!membership || membership.left) {
      if (record.kind === 'deliver') this.stray.push({ record, membership: membership ?? null })
      else if (!membership) this.malformed.push(record)
      return
    }
    membership.episodes.push(record)
    if (record.kind === 'left' || record.kind === 'lost') membership.left = record
    if (record.kind === 'interrupted' || record.kind === 'resumed') membership.connected = record.kind === 'resumed'
  }
}
