import { manualClock } from '@rollcall/testkit'
import { expect, it } from 'vitest'
import { DIRECT, Frame, type FrameKind, type Run } from '../../src/hub/frame.ts'
import { Outbox } from '../../src/hub/outbox.ts'
import { Turn } from '../../src/hub/turn.ts'
import type { Transport } from '../../src/transport/transport.ts'

const VOLATILE: FrameKind = { ...DIRECT, volatile: true }

function outbox(bufferedBytes = 0) {
  const written: number[] = []
  const slow: string[] = []
  const transport: Transport = {
    bufferedBytes,
    write: (run: Run) => void written.push(run.byteLength),
    close() {},
    destroy() {},
    pause() {},
    resume() {},
  }
  const turn = new Turn(manualClock())
  const owner = {
    tooSlow() {
      slow.push('slow')
      // Whoever ends says a last word.
      box.push(frame(10))
    },
    hasRoom() {},
  }
  const box: Outbox = new Outbox(transport, turn, { bytes: 1_000, volatileBytes: 500 }, owner)
  return { box, turn, written, slow }
}

const frame = (bytes: number, kind = DIRECT) => new Frame('x'.repeat(bytes - (bytes < 128 ? 2 : 4)), kind)

it('what does not fit ends the connection when it is pushed, not at the end of the turn', () => {
  const { box, turn, written, slow } = outbox()
  box.push(frame(600))
  box.push(frame(400))
  expect(slow).toEqual([])
  box.push(frame(10))
  expect([slow, box.waitingBytes]).toEqual([['slow'], 0])
  box.push(frame(10))
  turn.flush()
  expect([slow, written]).toEqual([['slow'], []])
})

it('a first frame may be larger than the limit, a second one not', () => {
  const { box, turn, written, slow } = outbox()
  box.push(frame(5_000))
  turn.flush()
  expect([slow, written]).toEqual([[], [5_000]])
  const full = outbox(1_000)
  full.box.push(frame(10))
  expect(full.slow).toEqual(['slow'])
})

it('a volatile one is no reason to end it', () => {
  const { box, turn, slow } = outbox(900)
  box.push(frame(600, VOLATILE))
  turn.flush()
  expect(slow).toEqual([])
})
