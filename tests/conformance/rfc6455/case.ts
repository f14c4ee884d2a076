import { BINARY, TEXT } from '../../support/frames.ts'

/** How the bytes of a case are written: all at once, a write for each frame, a write for each byte. */
export const WAYS = ['whole', 'frame-wise', 'byte-wise'] as const
/** Or in two writes, cut behind so many bytes. */
export type Way = (typeof WAYS)[number] | { readonly cutAt: number }

/** A message or pong that has to come, in this order. */
export interface Expected {
  readonly opcode: number
  readonly payload: Buffer
}

/** How a case ends. */
export type Ending =
  /** We close with 1000, are answered alike, and the connection ends. */
  | { readonly kind: 'clean' }
  /** The case has sent a close: it is answered with one of these codes (null: an empty one), and the connection ends. */
  | { readonly kind: 'closed'; readonly codes: readonly (number | null)[] }
  /** The peer fails the connection, with one of these codes or none at all. */
  | { readonly kind: 'fails'; readonly codes: readonly number[] }

export type Step =
  | { readonly write: Buffer }
  /** After a pause exactly this has come, since the beginning. */
  | { readonly seen: readonly Expected[] }

/** One numbered case. */
export interface Case {
  readonly id: string
  readonly name: string
  readonly steps: readonly Step[]
  /** All that has to come before the end. */
  readonly expected: readonly Expected[]
  /** What may come instead. */
  readonly or?: readonly Expected[]
  readonly ending: Ending
  /** Bytes of each write, where the case says so itself; else every way of writing is tried. */
  readonly pieceBytes?: number
  /** Goes on only when the echo of the last message is there. */
  readonly inTurns?: boolean
}

export const CLEAN: Ending = { kind: 'clean' }
export const FAILS: Ending = { kind: 'fails', codes: [1002] }
export const NOT_UTF8: Ending = { kind: 'fails', codes: [1007] }

export const textOf = (payload: string | Uint8Array): Expected => ({ opcode: TEXT, payload: Buffer.from(payload) })
export const bytesOf = (payload: string | Uint8Array): Expected => ({ opcode: BINARY, payload: Buffer.from(payload) })
export const pongOf = (payload: string | Uint8Array): Expected => ({ opcode: 10, payload: Buffer.from(payload) })

/** All bytes that a case writes. */
export const lengthOf = ({ steps }: Case): number =>
  steps.reduce((sum, step) => sum + ('write' in step ? step.write.length : 0), 0)

/** Frames to be written, in order. */
export const writes = (...frames: readonly Buffer[]): Step[] => frames.map((write) => ({ write }))
