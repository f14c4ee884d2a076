import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { type Lobby, startLobby } from '../support/program.ts'

let folder = ''
const lobbies: Lobby[] = []

async function start(env: Readonly<Record<string, string>> = {}): Promise<Lobby> {
  const lobby = await startLobby({ env: { ROLLCALL_DATA: folder, ...env } })
  lobbies.push(lobby)
  return lobby
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rollcall-lobby-'))
})
afterEach(async () => {
  await Promise.all(lobbies.splice(0).map((lobby) => lobby.stop()))
  rmSync(folder, { recursive: true, force: true })
})

describe('the lobby as a program', () => {
  it('says in one line where to go, and what it means is there', async () => {
    const lobby = await start()
    expect(lobby.output()).toMatch(/^Rollcall lobby: http:\/\/localhost:\d+\n$/)
    expect((await fetch(lobby.url)).status).toBe(200)
    expect((await fetch(`${lobby.url}/rollcall`)).status).toBe(426)
    expect((await fetch(`${lobby.url}/nowhere`)).status).toBe(404)
  })

  it('names the variable to change where it cannot start', async () => {
    const { url } = await start()
    const port = new URL(url).port
    await expect(start({ PORT: port })).rejects.toThrow(`Port ${port} is taken: stop what runs there, or set PORT`)
    await expect(start()).rejects.toThrow(/Cannot open the log in .*: process \d+ has it open/)
    await expect(start({ PORT: 'http' })).rejects.toThrow('PORT must be a number from 0 to 65535, not "http"')
    await expect(start({ HOST: 'no.such.host.invalid' })).rejects.toThrow('HOST no.such.host.invalid is no interface')
  })

  it('tells its clients that it goes, and ends with 0', async () => {
    const lobby = await start()
    const socket = new WebSocket(`${lobby.url.replace('http', 'ws')}/plain/room:lobby?name=Tyr`)
    const closed = new Promise<number>((resolve) => socket.once('close', (code) => resolve(code)))
    const heard = new Promise<string>((resolve) => socket.once('message', (text) => resolve(String(text))))
    socket.on('open', () => socket.send('hi'))
    expect(await heard).toBe('hi')
    expect(await lobby.stop('SIGTERM')).toEqual({ code: 0, signal: null })
    expect(await closed).toBe(4100)
    expect(lobby.output().split('\n')).toHaveLength(2)
  })
})
