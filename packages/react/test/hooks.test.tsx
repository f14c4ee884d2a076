// @vitest-environment happy-dom
import { type Client, connect, type WebSocketLike } from '@rollcall/client'
import { channel, contract } from '@rollcall/core'
import { act, StrictMode } from 'react'
import { createRoot, type Root } from 'react-dom/client'
import { renderToString } from 'react-dom/server'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { useConnectionState, useCount, useMembers, useMessages, useRoom, useRoomState } from '../src/index.ts'

const chat = contract({
  'room:{room}': channel({
    send: { message: z.string() },
    emit: { message: z.string(), other: z.string() },
    presence: z.object({ name: z.string() }),
    history: {},
  }),
})
type Chat = (typeof chat)['channels']

/** The server's end of the one socket, played by the test. */
class FakeSocket implements WebSocketLike {
  binaryType = ''
  onopen: ((event: never) => void) | null = null
  onmessage: ((event: never) => void) | null = null
  onerror: ((event: never) => void) | null = null
  onclose: ((event: never) => void) | null = null
  frames: [string, number, string, Record<string, unknown>][] = []

  send(payload: string | Uint8Array): void {
    this.frames.push(JSON.parse(payload as string))
  }

  close(): void {}

  says(...frame: unknown[]): void {
    this.onmessage?.({ data: JSON.stringify(frame) } as never)
  }

  answers(kind: string, result: unknown): void {
    const frame = this.frames.findLast((each) => each[0] === kind)
    this.says('ok', frame?.[1], result)
  }

  message(offset: number, text = `${offset}`): void {
    this.says('message', 'room:a', 'message', text, { at: 1, offset })
  }

  kinds(): string[] {
    return this.frames.splice(0).map(([kind]) => kind)
  }
}

const ann = ['1', 'ann', { name: 'Ann' }, 1]
const at = (offset: number, text = `${offset}`, event = 'message') => [event, text, { at: 1, offset }]
const turn = () => act(() => new Promise<void>((resolve) => setImmediate(resolve)))

let socket: FakeSocket
let client: Client<Chat>
let root: Root
let host: HTMLElement

beforeEach(async () => {
  ;(globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean }).IS_REACT_ACT_ENVIRONMENT = true
  client = connect(chat, 'http://localhost', { webSocket: () => (socket = new FakeSocket()) })
  host = document.createElement('div')
  root = createRoot(host)
  await turn()
  socket.onopen?.({} as never)
  const limits = { pingMs: 0, deadMs: 0, maxMessageBytes: 65_536 }
  socket.says('welcome', { connection: 'c', user: { id: 'u' }, resumed: false, ...limits })
  socket.frames = []
})

afterEach(async () => {
  await act(() => root.unmount())
  void client.close()
  socket.onclose?.({ code: 1000, reason: '' } as never)
})

function Lobby({ topic = 'room:a' as `room:${string}` | null, limit = 5 }) {
  const connection = useConnectionState(client)
  const room = useRoom(client, topic, { presence: { name: 'Tyr' } })
  const state = useRoomState(room)
  const members = useMembers(room)
  const count = useCount(room)
  const { items, more, loading, error, loadOlder } = useMessages(room, 'message', { initial: 2, page: 2, limit })
  return (
    <>
      <p>
        {connection.kind} {state?.kind ?? 'none'} {members.map(({ meta }) => meta.name).join()} {count}
      </p>
      <p id="items">
        {items.map((item) => (item.kind === 'gap' ? `[${item.gap.reason}]` : item.message.payload)).join(' ')}
      </p>
      <p id="standing">{`${more} ${loading} ${error?.code ?? '-'}`}</p>
      <button type="button" onClick={loadOlder}>
        older
      </button>
    </>
  )
}

const show = (node: React.ReactNode) => act(() => root.render(node))
const said = () => host.querySelector('p')?.textContent
const items = () => host.querySelector('#items')?.textContent
const standing = () => host.querySelector('#standing')?.textContent
const play = (scene: () => void) => act(async () => scene())

async function join(messages: unknown[] = [], more = false, position = messages.length): Promise<void> {
  await show(<Lobby />)
  await play(() =>
    socket.answers('join', { recovery: 'fresh', position: ['e', position], roster: { v: ['r', 1], entries: [ann] } }),
  )
  await play(() => socket.answers('history', { epoch: 'e', more, messages }))
}

test('on the server there is no room yet, and nobody is asked', () => {
  expect(renderToString(<Lobby />)).toContain('open')
  expect(socket.frames).toEqual([])
})

test('a room is joined, shown, kept up to date and left', async () => {
  await show(<Lobby />)
  expect(said()).toBe('open joining  0')
  expect(socket.frames).toMatchObject([['join', expect.any(Number), 'room:a', { presence: { name: 'Tyr' } }]])
  await play(() =>
    socket.answers('join', { recovery: 'fresh', position: ['e', 0], roster: { v: ['r', 1], entries: [ann] } }),
  )
  expect(said()).toBe('open joined Ann 1')
  await play(() =>
    socket.says('presence', 'room:a', { v: ['r', 2], since: 1, set: [['2', 'bob', { name: 'Bob' }, 1]], gone: [] }),
  )
  expect(said()).toBe('open joined Ann,Bob 2')
  await play(() => socket.says('left', 'room:a', { reason: 'kicked' }))
  expect(said()).toBe('open left  0')
})

test('a connection that is lost is told', async () => {
  await join()
  await play(() => socket.onclose?.({ code: 1006, reason: '' } as never))
  expect(said()).toBe('waiting rejoining Ann 1')
})

test('strict mode joins once', async () => {
  await show(
    <StrictMode>
      <Lobby />
    </StrictMode>,
  )
  await turn()
  expect(socket.kinds()).toEqual(['join'])
})

test('two components share a room, and the last one leaves it', async () => {
  const Two = ({ both }: { both: boolean }) => (
    <>
      <Lobby />
      {both && <Lobby />}
    </>
  )
  await show(<Two both />)
  await show(<Two both={false} />)
  await turn()
  expect(socket.kinds()).toEqual(['join'])
  await act(() => root.render(null))
  await turn()
  expect(socket.kinds()).toEqual(['leave'])
})

test('a component that gives way to another keeps the room', async () => {
  await show(<Lobby key="1" />)
  await show(<Lobby key="2" />)
  await turn()
  expect(socket.kinds()).toEqual(['join'])
})

test('another topic is another room, and none is none', async () => {
  await join()
  socket.frames = []
  await show(<Lobby topic="room:b" />)
  await turn()
  expect(socket.kinds()).toEqual(['join', 'leave'])
  await show(<Lobby topic={null} />)
  await turn()
  expect(said()).toBe('open none  0')
  expect(socket.kinds()).toEqual(['leave'])
})

test('a room that has ended is joined anew by a newcomer', async () => {
  await join()
  await play(() => socket.says('left', 'room:a', { reason: 'kicked' }))
  await show(<Lobby key="again" />)
  expect(said()).toBe('open joining  0')
})

describe('messages', () => {
  test('begin with the newest, go on with what comes, and have each once', async () => {
    await show(<Lobby />)
    await play(() => socket.answers('join', { recovery: 'fresh', position: ['e', 4] }))
    expect(standing()).toBe('false true -')
    await play(() => {
      socket.message(5)
      socket.answers('history', { epoch: 'e', more: true, messages: [at(4), at(5), at(3, 'x', 'other')] })
      socket.message(6)
    })
    expect(items()).toBe('4 5 6')
    expect(standing()).toBe('true false -')
  })

  test('are loaded backwards, a page at a time, up to the bound', async () => {
    await join([at(9), at(10)], true, 10)
    await act(() => host.querySelector('button')?.click())
    expect(socket.frames.at(-1)).toEqual(['history', expect.any(Number), 'room:a', { before: 9, limit: 2 }])
    await play(() => socket.answers('history', { epoch: 'e', more: true, messages: [at(7), at(8)] }))
    expect(items()).toBe('7 8 9 10')
    await act(() => host.querySelector('button')?.click())
    await play(() => socket.answers('history', { epoch: 'e', more: true, messages: [at(5), at(6)] }))
    expect(items()).toBe('6 7 8 9 10')
    expect(standing()).toBe('false false -')
  })

  test('beyond the bound go, the oldest first', async () => {
    await join([at(1), at(2)])
    await play(() => {
      for (let offset = 3; offset <= 9; offset++) socket.message(offset)
    })
    expect(items()).toBe('5 6 7 8 9')
  })

  test('show where some are missing, and do not load across into another epoch', async () => {
    await join([at(1), at(2)], true)
    await play(() => {
      socket.says('gap', 'room:a', { reason: 'epoch_changed', position: ['f', 0] })
      socket.message(1, 'new')
    })
    expect(items()).toBe('1 2 [epoch_changed] new')
    socket.frames = []
    await act(() => host.querySelector('button')?.click())
    expect(socket.frames).toEqual([])
    expect(standing()).toBe('false false -')
  })

  test('that cannot be loaded say why, and can be tried again', async () => {
    await join([at(9)], true, 9)
    await act(() => host.querySelector('button')?.click())
    await play(() =>
      socket.says('error', socket.frames.at(-1)?.[1], { code: 'unavailable', message: 'later', retryAfterMs: 5 }),
    )
    expect(standing()).toBe('true false unavailable')
    await act(() => host.querySelector('button')?.click())
    await play(() => socket.answers('history', { epoch: 'e', more: false, messages: [at(8)] }))
    expect(items()).toBe('8 9')
    expect(standing()).toBe('false false -')
  })
})
