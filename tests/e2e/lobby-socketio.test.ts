import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { io } from 'socket.io-client'
import io2 from 'socket.io-client-2'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { type Lobby, startLobby } from '../support/program.ts'
import { until } from '../support/until.ts'

let folder = ''
let lobby: Lobby

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rollcall-lobby-'))
  lobby = await startLobby({ env: { ROLLCALL_DATA: folder } })
})
afterAll(async () => {
  await lobby.stop()
  rmSync(folder, { recursive: true, force: true })
})

test('an unmodified client of Socket.IO is in the lobby: what it says reaches all, and comes back', async () => {
  const plain = new WebSocket(`${lobby.url.replace('http', 'ws')}/plain/room:lobby?name=Plain`)
  const heard: string[] = []
  plain.on('message', (text) => heard.push(String(text)))
  await until(() => plain.readyState === WebSocket.OPEN)
  const four = io(lobby.url, { auth: { name: 'Four' } })
  const polling = io(lobby.url, { transports: ['polling'], forceNew: true })
  const two = io2(lobby.url, { query: { name: 'Two' } })
  const got: unknown[][] = [[], [], []]
  const members = new Map<string, { meta: { name: string } }>()
  four.on('presence_state', (state: { id: string; meta: { name: string } }[]) => {
    members.clear()
    for (const member of state) members.set(member.id, member)
  })
  four.on('presence_diff', (diff: Record<string, { id: string; meta: { name: string } }[]>) => {
    for (const member of [...(diff['joins'] ?? []), ...(diff['updates'] ?? [])]) members.set(member.id, member)
    for (const { id } of diff['leaves'] ?? []) members.delete(id)
  })
  const sockets = [four, polling, two]
  for (const [at, socket] of sockets.entries()) socket.on('message', (text: unknown) => got[at]?.push(text))
  await until(() => sockets.every(({ connected }) => connected))
  const names = () => [...members.values()].map(({ meta }) => meta.name).sort()
  await until(() => names().length === 3)
  expect(names()).toEqual(['Four', 'Plain', 'Two'])
  for (const [at, socket] of sockets.entries()) {
    socket.emit('message', `hi ${at}`)
    await until(() => heard.length === at + 1 && got.every((each) => each.length === at + 1))
  }
  plain.send('hi plain')
  await until(() => [...got, heard].every((each) => each.length === 4))
  for (const each of [...got, heard]) expect(each).toEqual(['hi 0', 'hi 1', 'hi 2', 'hi plain'])
  two.disconnect()
  await until(() => names().length === 2)
  expect(names()).toEqual(['Four', 'Plain'])
  for (const socket of sockets) socket.disconnect()
  plain.close()
})
