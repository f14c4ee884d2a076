import {
  CloseCode,
  decodeClient,
  decodeServer,
  encodeClient,
  errorOf,
  RollcallServerSession,
  reactionTo,
  serverSessionOptions,
} from '@rollcall/core'
import { describe, expect, test } from 'vitest'
import { badInput, fenced, protocol } from '../support/protocol-table.ts'

const section = (title: string) => protocol.split(`\n## ${title}\n`)[1]?.split('\n## ')[0] ?? ''
const rows = (text: string) =>
  text
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) =>
      line
        .slice(2, -2)
        .split(' | ')
        .map((cell) => cell.replaceAll('`', '').trim()),
    )

describe('an example', () => {
  test.each(fenced('json client'))('%s is what a client sends', (wire) => {
    const frame = decodeClient(wire)
    if (frame.kind === 'fault') throw new Error(frame.reason)
    expect(JSON.parse(encodeClient(frame) as string)).toEqual(JSON.parse(wire))
  })

  test.each(fenced('json server'))('%s is what a server sends', (wire) => {
    expect(['fault', 'unknown']).not.toContain(decodeServer(wire).kind)
  })

  test.each(fenced('hex'))('%s is a binary frame', (hex) => {
    const bytes = Uint8Array.from(hex.split(' '), (byte) => Number.parseInt(byte, 16))
    const frame = { kind: 'send', ref: 5, topic: 'a', event: 'b', payload: Uint8Array.of(1, 2, 3), id: null } as const
    expect(decodeClient(bytes)).toEqual(frame)
    expect(encodeClient(frame)).toEqual(bytes)
  })

  test('is there for each kind of frame', () => {
    const kinds = (fence: string) => new Set(fenced(fence).map((wire) => JSON.parse(wire)[0]))
    const listed = (title: string) =>
      new Set(
        rows(section(title))
          .map(([kind]) => kind)
          .slice(2),
      )
    expect(kinds('json client')).toEqual(listed('Frames of the client'))
    expect(kinds('json server')).toEqual(listed('Frames of the server'))
  })
})

test('every close code is listed with its reaction, and no other', () => {
  const listed = new Map(
    rows(section('Close codes')).flatMap(([code, does]) =>
      /^\d{4}$/.test(code ?? '') ? [[Number(code), does]] : [],
    ) as [number, string][],
  )
  expect(new Set(listed.keys())).toEqual(new Set(Object.values(CloseCode)))
  for (const [code, does] of listed) {
    const reaction = reactionTo(code)
    const words = { stop: 'does not reconnect', later: 'reconnects later', reconnect: 'reconnects' }[reaction]
    expect(does.startsWith(words)).toBe(true)
  }
})

test.each(rows(section('Error codes')).slice(2))(
  'the error %s has the class of what becomes of the request',
  (code, _, request) => {
    const Class = errorOf({ code: code as 'internal', message: '' }).constructor.name
    const words: Record<string, string> = {
      InvalidError: 'can never succeed',
      RefusedError: 'was refused',
      RetryLaterError: 'may succeed later',
      UnknownOutcomeError: 'may have been done',
    }
    expect(words[Class]).toBe(request)
  },
)

describe('bad input that needs no application to be judged:', () => {
  const judged = badInput().filter(
    ({ name, answer }) => !name.startsWith('handshake:') && /44|bad_request/.test(answer),
  )
  test.each(judged.filter(({ sent }) => sent.length === 1))('$name: $answer', ({ name, sent, answer }) => {
    const session = new RollcallServerSession(serverSessionOptions(), { fraction: () => 0.5, token: () => '' }, 0)
    if (!name.startsWith('new:')) {
      const [effect] = session.receive('["hello",{}]', 0)
      if (effect?.kind !== 'request') throw new Error('no request')
      session.answer(effect.request, { ok: true, result: { connection: 'c', user: { id: 'u' }, resume: null } }, 0)
    }
    const [effect] = sent.flatMap((each) => session.receive(each, 0))
    const given =
      effect?.kind === 'close'
        ? `close ${effect.code}`
        : effect?.kind === 'write'
          ? `error ${JSON.parse(effect.payload as string)[2].code}`
          : effect?.kind
    expect(given).toBe(answer)
  })

  test('the table is there', () => {
    expect(badInput().length).toBeGreaterThan(70)
    expect(judged.length).toBeGreaterThan(30)
  })
})
