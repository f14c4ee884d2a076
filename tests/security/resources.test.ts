import { spawnSync } from 'node:child_process'
import { afterEach, describe, expect, test } from 'vitest'
import { memoryGroup, withoutMemoryGroup } from '../support/memory-group.ts'
import { Native } from '../support/native.ts'
import { RawSocket } from '../support/raw-socket.ts'
import { until } from '../support/until.ts'
import { type ServerProgram, startServer } from './programs.ts'

const MIB = 1_048_576
const undo: (() => Promise<unknown> | void)[] = []
afterEach(async () => {
  for (const task of undo.splice(0).reverse()) await task()
})

async function start(options: Parameters<typeof startServer>[0]): Promise<ServerProgram> {
  const server = await startServer(options)
  undo.push(() => server.stop())
  return server
}

async function join(server: ServerProgram, topic: string, options: object = {}): Promise<Native> {
  const native = await Native.join(server.url, topic, {}, options)
  undo.push(() => native.raw.destroy())
  return native
}

/** It is served, and is what a message comes to. */
async function served(native: Native): Promise<void> {
  const seen = native.messages.length
  expect(await native.outcome('send', 'room:a', 'message', 'still here')).toBe('ok')
  await native.raw.until(() => native.messages.length > seen, 'the message')
}

const withoutPrlimit = spawnSync('prlimit', ['--version']).error ? 'prlimit is missing (util-linux)' : undefined

describe('file descriptors', () => {
  test.skipIf(withoutPrlimit)(
    `run out, and nothing else does${withoutPrlimit ? ` (${withoutPrlimit})` : ''}`,
    async () => {
      const server = await start({ under: ['prlimit', '--nofile=300:300'] })
      const witness = await join(server, 'room:a')
      const sockets = Array.from({ length: 600 }, () => new RawSocket(Number(new URL(server.url).port)))
      undo.push(() => {
        for (const raw of sockets) raw.destroy()
      })
      await until(() => sockets.every(({ socket }) => !socket.connecting), { what: 'six hundred connections' })
      await server.next()
      for (let i = 0; i < 10; i++) await served(witness)
      expect(server.child.exitCode).toBeNull()
      for (const raw of sockets) raw.destroy()
      await server.next()
      await served(await join(server, 'room:a'))
      expect(server.output()).not.toMatch(/Error|uncaught|EMFILE/)
    },
    180_000,
  )
})

describe('memory', () => {
  test.skipIf(withoutMemoryGroup)(
    `that a cgroup bounds is not used up by those who read nothing${withoutMemoryGroup ? ` (${withoutMemoryGroup})` : ''}`,
    async () => {
      const group = memoryGroup('unread', 420 * MIB)
      undo.push(() => group.remove())
      const server = await start({ under: group.under, limits: { outboxBytes: 16 * MIB } })
      const writer = await join(server, 'log:a')
      for (let i = 0; i < 50; i++) {
        expect(await writer.outcome('send', 'log:a', 'message', `${i} ${'x'.repeat(20_000)}`)).toBe('ok')
      }
      writer.raw.destroy()
      const witness = await join(server, 'room:a')
      // Each asks for sixteen megabytes, and reads none of it: of two gigabytes the kernel keeps some for it.
      for (let i = 0; i < 120; i++) {
        const native = await join(server, 'log:a')
        native.raw.socket.pause()
        for (let ref = 1; ref <= 16; ref++) native.say('history', 1_000 + ref, 'log:a', { limit: 50 })
        if (i % 10 === 0) await served(witness)
      }
      await server.next()
      await served(witness)
      const most = Math.max(...server.states().map(({ bufferBytes }) => bufferBytes))
      const slow = () => server.states().at(-1)?.closedAsSlow ?? 0
      await until(() => slow() > 20, { what: 'more than twenty to be let go', deadlineMs: 60_000 })
      console.info(
        `of 120 who read nothing ${slow()} were let go; buffers held ${(most / MIB).toFixed(0)} MiB at most, all together ${(group.peak() / MIB).toFixed(0)} MiB`,
      )
      expect([group.kills(), server.child.exitCode]).toEqual([0, null])
      await served(await join(server, 'room:a'))
    },
    180_000,
  )
})
