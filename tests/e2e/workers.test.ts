import { existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { io } from 'socket.io-client'
import { afterEach, describe, expect, it } from 'vitest'
import { root, startProgram } from '../support/program.ts'
import { until } from '../support/until.ts'
import { APP, CrewHouse, type CrewOptions, type Guest, lives } from './crew.ts'

const houses: CrewHouse[] = []
const folders: string[] = []

afterEach(async () => {
  await Promise.all(houses.splice(0).map((house) => house.close()))
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

async function open(options?: CrewOptions): Promise<CrewHouse> {
  const house = await CrewHouse.open(options)
  houses.push(house)
  return house
}

function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-workers-'))
  folders.push(folder)
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return folder
}

/** Says so many things, one after the other. */
async function talk({ name, recorded }: Guest, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await recorded.send('say', `${name} ${i}`, `${name} ${i}`)
}

/** Says things until told to stop. */
function keepTalking(guest: Guest): () => Promise<void> {
  let going = true
  const talking = (async () => {
    for (let i = 0; going; i++) {
      await guest.recorded.send('say', `${guest.name} ${i}`, `${guest.name} ${i}`)
      // The pace at which it talks; nothing is waited for.
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  })()
  return () => {
    going = false
    return talking
  }
}

describe('two workers on one port', () => {
  it.each(['room:a', 'hall:a'] as const)('are one server to those in %s', async (topic) => {
    const house = await open()
    const byWorker = await house.enterSpread(topic, 3)
    expect([...byWorker].map(([worker, guests]) => [worker, guests.length]).sort()).toEqual([
      ['1', 3],
      ['2', 3],
    ])
    const pids = await Promise.all(house.guests.map(async (guest) => (await guest.where()).pid))
    expect(new Set(pids).size).toBe(2)
    expect(pids).not.toContain(house.program.pid)
    await house.rosterIsRight(topic)
    await Promise.all(house.guests.map((guest) => talk(guest, 50)))
    const { counts, anomalies } = await house.judge()
    expect(anomalies).toEqual([])
    await until(() => house.history.records.filter(({ kind }) => kind === 'deliver').length === 6 * 300)
    expect(counts).toMatchObject({ accepted: 300, refused: 0, unknown: 0, gaps: {} })
  })

  it('show the metrics of both, whoever is asked', async () => {
    const house = await open({ env: { API_TOKEN: 'a-token-of-the-dashboard-only' } })
    await house.enterSpread('hall:a', 2)
    const metrics = async () => {
      const answer = await fetch(`${house.url}/api/v1/metrics`, {
        headers: { authorization: 'Bearer a-token-of-the-dashboard-only', connection: 'close' },
      })
      return answer.text()
    }
    const lines = ['1', '2'].flatMap((worker) => [
      `rollcall_connections{dialect="rollcall",worker="${worker}"} 2\n`,
      `rollcall_nodes{worker="${worker}"} 2\n`,
    ])
    // Workers hear of each other a moment after they serve.
    await until(async () => {
      const pages = [await metrics(), await metrics()]
      return pages.every((page) => lines.every((line) => page.includes(line)))
    })
    for (let i = 0; i < 4; i++) {
      const page = await metrics()
      for (const line of lines) expect(page).toContain(line)
      expect(page.match(/^# TYPE rollcall_nodes /gm)).toHaveLength(1)
    }
  })

  it('lose nothing when one is killed', async () => {
    const house = await open()
    const byWorker = await house.enterSpread('room:a', 3)
    await house.rosterIsRight('room:a')
    const stops = house.guests.map(keepTalking)
    const accepted = () => house.history.records.filter(({ kind }) => kind === 'accepted').length
    await until(() => accepted() > 100)
    const [victim] = byWorker.get('1') ?? []
    const { pid } = await victim!.where()
    process.kill(pid, 'SIGKILL')
    await until(() => house.program.output().includes('Worker 1 ended with SIGKILL. It is started again'))
    for (const guest of byWorker.get('1')!) await until(async () => (await guest.where()).pid !== pid)
    // A beat a second, silence for five: then what the dead worker's were is gone.
    await house.rosterIsRight('room:a')
    await until(() => accepted() > 300)
    await Promise.all(stops.map((stop) => stop()))
    const { anomalies, counts } = await house.judge()
    expect(anomalies).toEqual([])
    expect(counts).toMatchObject({ refused: 0, gaps: {} })

    // It is replaced: some who come now are with the new one.
    const seen = new Set<number>()
    await until(async () => {
      seen.add((await house.enter('hall:later', `later-${seen.size}-${Math.random()}`).where()).pid)
      return seen.size === 2
    })
    expect([...seen]).not.toContain(pid)
  })

  it('go on when one stands still', async () => {
    const house = await open()
    const byWorker = await house.enterSpread('room:a', 2)
    const [[stuck], [free, other]] = [byWorker.get('1')!, byWorker.get('2')!]
    await house.rosterIsRight('room:a')
    const hanging = join(folderOf({}), 'hanging')
    void stuck!.room.call('hang', hanging).catch(() => {})
    await until(() => existsSync(hanging), { what: 'the worker to stand still' })
    await talk(free!, 100)
    await until(() => other!.room.position?.offset === 100)
    rmSync(hanging)
    const { anomalies } = await house.judge()
    expect(anomalies).toEqual([])
    await until(() => byWorker.get('1')!.every(({ room }) => room.position?.offset === 100))
  })

  it('start one that ends by itself again, later and later', async () => {
    const house = await open()
    const guest = house.enter('hall:a', 'crasher')
    for (let i = 1; i <= 3; i++) {
      const { pid } = await until(() => guest.where())
      void guest.room.call('crash', 3).catch(() => {})
      await until(() => house.program.output().split('ended with code 3').length === i + 1)
      await until(async () => (await guest.where()).pid !== pid)
    }
    expect(house.program.output()).toMatch(/Worker \d ended with code 3\. It is started again in \d+ ms\n/)
  })

  it.each(['SIGTERM', 'SIGINT'] as const)('send everybody away and end on %s', async (signal) => {
    const house = await open()
    const byWorker = await house.enterSpread('room:a', 2)
    const pids = await Promise.all([...byWorker.values()].map(async ([guest]) => (await guest!.where()).pid))
    expect(await house.program.stop(signal)).toEqual({ code: 0, signal: null })
    expect(pids.map(lives)).toEqual([false, false])
    expect(house.program.output()).toMatch(/\nstopping\n$/)
    await until(() => house.guests.every(({ client }) => client.state.kind === 'waiting'))
  })

  it('end with their primary, though it is killed', async () => {
    const house = await open()
    const byWorker = await house.enterSpread('room:a', 1)
    const pids = await Promise.all([...byWorker.values()].map(async ([guest]) => (await guest!.where()).pid))
    house.program.child.kill('SIGKILL')
    await until(() => pids.every((pid) => !lives(pid)))
  })

  it('are replaced one by one on SIGHUP, and nothing is lost', async () => {
    const house = await open()
    await house.enterSpread('room:a', 3)
    const before = new Set(await Promise.all(house.guests.map(async (guest) => (await guest.where()).pid)))
    const stops = house.guests.map(keepTalking)
    house.program.child.kill('SIGHUP')
    await until(() => house.program.output().includes('All workers are replaced'), { deadlineMs: 30_000 })
    expect([...before].map(lives)).toEqual([false, false])
    await until(() => house.guests.every(({ room }) => room.state.kind === 'joined'))
    await house.rosterIsRight('room:a')
    await Promise.all(stops.map((stop) => stop()))
    const { anomalies, counts } = await house.judge()
    expect(anomalies).toEqual([])
    expect(counts).toMatchObject({ refused: 0, gaps: {} })
  })

  it('stay as they are on SIGHUP if the new version of the file fails', async () => {
    const folder = folderOf({ 'app.ts': `export { app } from ${JSON.stringify(APP)}` })
    const house = await open({ app: join(folder, 'app.ts') })
    writeFileSync(join(folder, 'app.ts'), `throw new Error('half done')`)
    house.program.child.kill('SIGHUP')
    await until(() =>
      /Worker 1 cannot be replaced, and stays: .*app\.ts failed to load:\nError: half done/.test(
        house.program.output(),
      ),
    )
    expect(await house.enter('hall:a', 'late').where()).toMatchObject({ worker: expect.stringMatching(/^[12]$/) })
  })
})

describe('clients that poll', () => {
  it.each([
    ['change to a WebSocket', ['polling', 'websocket']],
    ['poll for ever', ['polling']],
  ])('of Socket.IO, which %s, come to their session on whichever worker it is', async (_, transports) => {
    const house = await open()
    const heard: string[][] = []
    const sockets = Array.from({ length: 8 }, (_, i) => {
      const socket = io(`${house.url}/hall:poll`, { transports, forceNew: true, auth: { user: `poller ${i}` } })
      const mine: string[] = []
      socket.on('said', (text: string) => mine.push(text))
      heard.push(mine)
      return socket
    })
    try {
      const native = house.enter('hall:poll', 'native')
      await native.room.joined
      await until(() => sockets.every(({ connected }) => connected))
      if (transports.length > 1)
        await until(() => sockets.every(({ io: { engine } }) => engine.transport.name === 'websocket'))
      const workers = await Promise.all(sockets.map((socket) => socket.emitWithAck('where', null)))
      expect(new Set(workers.map(({ worker }) => worker)).size).toBe(2)
      for (let round = 0; round < 5; round++)
        for (const [i, socket] of sockets.entries()) await socket.emitWithAck('say', `${i} ${round}`)
      const own = (texts: readonly string[], i: number) => texts.filter((text) => text.startsWith(`${i} `))
      await until(() => heard.every(({ length }) => length === 40))
      for (const texts of heard)
        for (const i of sockets.keys()) expect(own(texts, i)).toEqual([0, 1, 2, 3, 4].map((round) => `${i} ${round}`))
      for (const { io: manager } of sockets) expect(manager.engine.transport.name).toBe(transports.at(-1))
    } finally {
      for (const socket of sockets) socket.disconnect()
    }
  })

  it('of Phoenix come to theirs', async () => {
    const house = await open()
    const native = house.enter('hall:poll', 'native')
    await native.room.joined
    const ask = async (query: string, init: RequestInit = {}) => {
      const headers = { connection: 'close', 'content-type': 'application/x-ndjson' }
      const answer = await fetch(`${house.url}/socket/longpoll?vsn=2.0.0${query}`, { ...init, headers })
      return (await answer.json()) as { status: number; token?: string; messages?: string[] }
    }
    for (let i = 0; i < 6; i++) {
      const opened = await ask('')
      expect(opened.status).toBe(410)
      const session = `&token=${encodeURIComponent(opened.token ?? '')}`
      for (let j = 0; j < 4; j++) {
        const frame = JSON.stringify(['1', String(j), 'phoenix', 'heartbeat', {}])
        expect(await ask(session, { method: 'POST', body: frame })).toMatchObject({ status: 200 })
        expect(await ask(session)).toMatchObject({ status: 200, messages: [expect.stringContaining('"ok"')] })
      }
    }
  })
})

describe('the log of workers', () => {
  const lmdb = `import { lmdbLog } from '@rollcall/lmdb'
    export const log = await lmdbLog({ folder: new URL('data', import.meta.url).pathname })`

  it('is the one that --log names, and is there after a restart', async () => {
    const folder = folderOf({ 'log.ts': lmdb })
    const args = ['--log', join(folder, 'log.ts')]
    const first = await open({ args })
    await first.enterSpread('room:kept', 2)
    await Promise.all(first.guests.map((guest) => talk(guest, 25)))
    expect((await first.judge()).anomalies).toEqual([])
    const { epoch } = first.guests[0]!.room.position!
    // Those who stayed would look for it at a port that may be the next one's.
    await Promise.all(first.guests.map(({ client }) => client.close()))
    expect((await first.program.stop()).code).toBe(0)
    // With another number of workers, and with none: the folder is the same.
    for (const workers of [1, 3]) {
      const again = await open({ args, workers })
      const { room } = again.enter('room:kept', 'archivist')
      const { messages } = await room.history({ limit: 100 })
      expect([messages.length, messages[0]?.position]).toEqual([100, { epoch, offset: 1 }])
      await again.program.stop()
    }
  })

  it('cannot be a folder that each worker opens: the second one says so', async () => {
    const app = `import { allow, rollcall } from 'rollcall'
      import { channel, contract } from '@rollcall/core'
      import { lmdbLog } from '@rollcall/lmdb'
      const log = await lmdbLog({ folder: new URL('data', import.meta.url).pathname })
      export const app = rollcall(contract({ 'room:{room}': channel({}) }), { 'room:{room}': { join: () => allow() } }, { log })`
    const folder = folderOf({ 'app.ts': app })
    await expect(open({ app: join(folder, 'app.ts') })).rejects.toThrow(
      /ended with 1[\s\S]*rollcall: Worker 2: [\s\S]*a folder serves one log at a time/,
    )
  })
})

describe('workers that cannot start', () => {
  it('say once why, and leave nobody behind', async () => {
    const failed = await open({ env: { FAILS: 'all' } }).catch((error: Error) => error.message)
    expect(failed).toMatch(/ended with 1 before/)
    expect(String(failed).match(/no database/g)).toHaveLength(1)
  })

  it('say which one failed', async () => {
    await expect(open({ env: { FAILS: '2' } })).rejects.toThrow(/rollcall: Worker 2: [\s\S]*Error: no database/)
  })

  it('say that the port is in use', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => other.once('listening', resolve))
    const { port } = other.address() as { port: number }
    const args = [`${root}packages/server/dist/cli/main.js`, 'serve', APP, '--workers', '2', '--port', String(port)]
    await expect(startProgram(process.execPath, /listening/, { args })).rejects.toThrow(
      `rollcall: Cannot listen on 127.0.0.1:${port}: the port is in use. Choose another one with --port\n`,
    )
    other.close()
  })
})
