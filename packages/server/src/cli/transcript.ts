import type { Member, MemberChange, MessageEffect, Position, Refusal } from '@rollcall/core'
import { printable } from './printable.ts'

/** What happens while one is in a channel. */
export type Happening =
  | {
      readonly kind: 'joined'
      readonly topic: string
      /** Null where the channel tells only how many are here. */
      readonly members: readonly Member[] | null
      readonly count: number
      /** Whether we came back after a loss. */
      readonly again: boolean
      readonly reply: unknown
    }
  | MessageEffect
  | { readonly kind: 'presence'; readonly change: MemberChange }
  | { readonly kind: 'count'; readonly members: number }
  | { readonly kind: 'gap'; readonly reason: string }
  | { readonly kind: 'waiting'; readonly ms: number; readonly reason: string }
  | { readonly kind: 'sent'; readonly position: Position | null }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  | { readonly kind: 'ended'; readonly refusal: Refusal }
  | { readonly kind: 'left' }
  | { readonly kind: 'unseen' }

/** Whether a line is about ourselves, not of the channel: it goes to standard error, so that a pipe has the channel. */
export function isAside({ kind }: Happening): boolean {
  return ['waiting', 'refused', 'ended', 'unseen', 'gap', 'left'].includes(kind)
}

/** A line for people; null for what they need not hear. `at` is the time to show. */
export function lineOf(happening: Happening, at: Date): string | null {
  const time = clockOf(happening.kind === 'message' ? new Date(happening.at) : at)
  switch (happening.kind) {
    case 'joined': {
      const { topic, members, count, again } = happening
      const names = members?.map(nameOf).join(', ') ?? ''
      return `${time} ${again ? 'back in' : 'in'} ${printable(topic)}, here (${count})${names && `: ${names}`}`
    }
    case 'message': {
      const { from, payload } = happening
      const name = from ? printable(from.name ?? from.key) : 'server'
      return `${time} ${name}: ${printable(textOf(payload))}`
    }
    case 'presence': {
      const { kind, member } = happening.change
      if (kind === 'updated' && nameOf(member) === nameOf(happening.change.previous)) return null
      if (kind === 'updated') return `${time} ${nameOf(happening.change.previous)} is now ${nameOf(member)}`
      return `${time} ${nameOf(member)} ${kind}`
    }
    case 'count':
      return `${time} here (${happening.members})`
    case 'gap':
      return `${time} messages are missing here: ${printable(happening.reason)}`
    case 'waiting':
      return `${time} connection lost (${printable(happening.reason)}), trying again in ${Math.ceil(happening.ms / 1000)} s`
    case 'refused':
      return `not sent: ${printable(happening.refusal.message)}`
    case 'ended':
      return `rollcall: ${printable(happening.refusal.message)}`
    case 'unseen':
      return `${time} nobody is shown in this channel`
    case 'sent':
    case 'left':
      return null
  }
}

/** The same for programs. */
export function jsonOf(happening: Happening): string {
  switch (happening.kind) {
    case 'message': {
      const { payload } = happening
      return JSON.stringify(
        payload instanceof Uint8Array
          ? { ...happening, payload: Buffer.from(payload).toString('base64'), encoding: 'base64' }
          : happening,
      )
    }
    case 'presence': {
      const { kind, member } = happening.change
      return JSON.stringify({ kind: 'presence', change: kind, member })
    }
    case 'refused':
    case 'ended':
      return JSON.stringify({ kind: happening.kind, ...happening.refusal })
    default:
      return JSON.stringify(happening)
  }
}

function nameOf({ key, meta }: Member): string {
  const name = typeof meta === 'object' && meta !== null && 'name' in meta ? meta.name : undefined
  return printable(typeof name === 'string' ? name : key)
}

function textOf(payload: unknown): string {
  if (typeof payload === 'string') return payload
  return payload instanceof Uint8Array ? `(${payload.length} bytes)` : JSON.stringify(payload)
}

function clockOf(date: Date): string {
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':')
}
