import { channel, contract } from '@rollcall/core'
import { allow, refuse, rollcall } from 'rollcall'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { z } from 'zod'
import { type BadInput, badInput } from '../../../packages/core/test/support/protocol-table.ts'
import { until } from '../../support/until.ts'

// The table of bad input in PROTOCOL.md, row by row, against a server that listens: each sender gets what the table says,
// and somebody else who is connected all the while gets nothing, and loses nothing.

const rules = contract({
  'room:{room}': channel({
    send: { message: z.string().min(1).max(4000) },
    emit: { message: z.string() },
    call: { double: { input: z.number(), output: z.number() } },
    presence: z.object({ name: z.string() }),
    history: {},
  }),
  'bare:{room}': channel({ send: { message: z.string() } }),
  'private:{room}': channel({ join: z.object({ secret: z.string() }) }),
})

const errors: string[] = []
const app = rollcall(
  rules,
  {
    'room:{room}': {
      join: () => allow(),
      message: ({ channel }, text) => channel.emit('message', text),
      double: (_, n) => n * 2,
    },
    'bare:{room}': { join: () => allow(), message: () => {} },
    'private:{room}': { join: () => refuse('wrong secret') },
  },
  { onError: (what) => void errors.push(what) },
)

const JOINED = 999_999
// No row is answered with silence.
const SILENCE_MS = 10_000
let url = ''
let witness: { socket: WebSocket; frames: string[] }

beforeAll(async () => {
  const { url: http } = await app.listen({ port: 0 })
  url = `${http.replace('http', 'ws')}/rollcall`
  const socket = new WebSocket(url, 'rollcall.v1')
  witness = { socket, frames: [] }
  socket.on('message', (data) => {
    if (String(data) === '["ping"]') socket.send('["pong"]')
    else witness.frames.push(String(data))
  })
  await new Promise((resolve) => socket.once('open', resolve))
  // In the very room that the others do wrong in.
  socket.send('["hello",{}]')
  socket.send('["join",1,"room:1"]')
  await until(() => witness.frames.length === 2)
})
afterAll(() => app.close())

/** The ref of a frame, text or bytes. */
function refOf(frame: string | Uint8Array | undefined): number {
  const text = typeof frame === 'string' ? frame : Buffer.from(frame ?? []).toString('latin1')
  return Number(/^(?:..)?\["\w+",(\d+)/s.exec(text)?.[1])
}

/** What a server answers to a row of the table. */
function answerTo({ name, sent, answer }: BadInput): Promise<string> {
  return new Promise((resolve) => {
    const silence = setTimeout(() => done('none'), SILENCE_MS)
    const [header = '', value = ''] = name.startsWith('handshake') ? String(sent[0]).split(': ') : []
    const protocol = header === 'Sec-WebSocket-Protocol' ? value : 'rollcall.v1'
    const headers = header === '' || header === 'Sec-WebSocket-Protocol' ? {} : { [header]: value }
    const socket = new WebSocket(url, [protocol], { headers })
    const ref = refOf(sent.at(-1))
    const send = () => {
      for (const frame of sent) socket.send(frame)
    }
    function done(text: string): void {
      clearTimeout(silence)
      socket.terminate()
      resolve(text)
    }
    socket.on('error', () => {})
    socket.on('unexpected-response', (_, response) => done(`http ${response.statusCode}`))
    socket.on('close', (code) => done(`close ${code}`))
    socket.on('open', () => {
      if (name.startsWith('handshake')) return
      if (name.startsWith('new:')) return send()
      socket.send('["hello",{}]')
      socket.send(`["join",${JOINED},"room:1"]`)
    })
    socket.on('message', (data) => {
      const [kind, of, detail] = JSON.parse(String(data)) as [string, number, { code: string }]
      if (kind === 'ok' && of === JOINED) send()
      if (kind === 'error' && of === ref && !answer.startsWith('close')) done(`error ${detail.code}`)
      if (kind === 'ok' && of === ref) done('ok')
    })
  })
}

describe('the table of bad input', () => {
  it('has rows', () => expect(badInput().length).toBeGreaterThan(50))

  it.each(badInput().map((row) => [row.name, row] as const))(
    '%s',
    async (_, row) => {
      const before = witness.frames.length
      expect(await answerTo(row)).toBe(row.answer)
      expect(witness.frames.slice(before)).toEqual([])
      expect(witness.socket.readyState).toBe(WebSocket.OPEN)
    },
    20_000,
  )

  it('has cost nobody anything: the server serves on, and nothing failed in it', async () => {
    const before = witness.frames.length
    witness.socket.send('["call",2,"room:1","double",21]')
    await until(() => witness.frames.length > before)
    expect(witness.frames.slice(before)).toEqual(['["ok",2,42]'])
    await until(() => app.stats().connections === 1)
    expect(errors).toEqual([])
  })
})
