import { duplexPair } from 'node:stream'
import { systemClock } from '@rollcall/core'
import { describe, expect, it, vi } from 'vitest'
import { encodeFrame, type Frame, Kind } from '../../src/workers/frame.ts'
import { Line } from '../../src/workers/line.ts'
import { eventually } from '../support/eventually.ts'

function openLine() {
  const [near, far] = duplexPair()
  const chunks: Buffer[] = []
  far.on('data', (chunk: Buffer) => chunks.push(chunk))
  const line = new Line(near, systemClock)
  const heard: Frame[] = []
  const ended = vi.fn<(cause?: unknown) => void>()
  line.listen({ heard: (frame) => heard.push(frame), ended })
  return { line, far, chunks, heard, ended }
}

describe('a line', () => {
  it('says what is said in one turn in one write', async () => {
    const { line, chunks } = openLine()
    for (let i = 0; i < 100; i++) line.send(Kind.sync, i)
    expect(line.pendingBytes).toBe(1_300)
    await eventually(() => expect(chunks.map(({ length }) => length)).toEqual([1_300]))
    expect(line.pendingBytes).toBe(0)
  })

  it('says much in order, also when it is not joined', async () => {
    const { line, chunks } = openLine()
    const frames = Array.from({ length: 30 }, (_, i) => encodeFrame(Kind.message, i, 's', 'n', Buffer.alloc(50_000, i)))
    for (const frame of frames) line.forward(frame)
    const bytes = Buffer.concat(frames)
    await eventually(() => expect(chunks.reduce((sum, { length }) => sum + length, 0)).toBe(bytes.length))
    expect(Buffer.concat(chunks).equals(bytes)).toBe(true)
  })

  it('ends where what is heard is no frame, and says why', async () => {
    const { line, far, ended, heard } = openLine()
    far.write(Buffer.concat([encodeFrame(Kind.sync, 1), Buffer.alloc(64)]))
    await eventually(() => expect(ended).toHaveBeenCalledTimes(1))
    expect(heard.map(({ id }) => id)).toEqual([1])
    expect(String(ended.mock.calls[0]?.[0])).toMatch(/RangeError: The line carries what is no frame/)
    expect(line.open).toBe(false)
  })

  it('ends with its other end, once', async () => {
    const { line, far, ended } = openLine()
    far.end()
    await eventually(() => expect(ended.mock.calls).toEqual([[undefined]]))
    line.end()
    line.send(Kind.sync, 1)
    expect([ended.mock.calls.length, line.pendingBytes]).toEqual([1, 0])
  })

  it('tells nothing more once it was ended by who listens', async () => {
    const [near, far] = duplexPair()
    const line = new Line(near, systemClock)
    const heard: number[] = []
    line.listen({
      heard: ({ id }) => {
        heard.push(id)
        line.end()
      },
      ended: () => {},
    })
    far.write(Buffer.concat([encodeFrame(Kind.sync, 1), encodeFrame(Kind.sync, 2)]))
    await eventually(() => expect(heard).toEqual([1]))
    await new Promise((resolve) => setImmediate(resolve))
    expect(heard).toEqual([1])
  })

  it('whose other end does not read is full in the end, and has room again when it does', async () => {
    const { line, far } = openLine()
    far.pause()
    const payload = Buffer.alloc(8 * 1024 * 1024)
    for (let i = 0; i < 8; i++) line.send(Kind.message, 0, '', '', payload)
    expect(line.full).toBe(true)
    const drained = vi.fn()
    line.whenDrained(drained)
    await new Promise((resolve) => setImmediate(resolve))
    expect([line.full, drained.mock.calls.length]).toEqual([true, 0])
    far.resume()
    await eventually(() => expect(drained).toHaveBeenCalledTimes(1))
    expect([line.full, line.pendingBytes]).toEqual([false, 0])
  })
})
