import { type ChildProcess, spawn } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock, systemRandom } from '@rollcall/core'
import { FolderError, lmdbLog } from '@rollcall/lmdb'
import type { Log, LogMessage } from 'rollcall/log'
import { afterEach, describe, expect, it } from 'vitest'
import { until } from '../support/until.ts'

const script = join(import.meta.dirname, 'lmdb-appender.mjs')
const TOPICS = 20

const folders: string[] = []
const children: ChildProcess[] = []

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-kill-'))
  folders.push(folder)
  return join(folder, 'log')
}

interface Appender {
  readonly pid: number
  output(): string
  kill(): Promise<void>
}

function startAppender(folder: string, accepted: string, first: number): Appender {
  const child = spawn(process.execPath, [script, folder, accepted, String(first), String(TOPICS)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  let text = ''
  child.stdout?.setEncoding('utf8').on('data', (part: string) => {
    text += part
  })
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()))
  return {
    pid: child.pid ?? 0,
    output: () => text,
    kill: async () => {
      child.kill('SIGKILL')
      await closed
    },
  }
}

const open = (folder: string): Promise<Log> => lmdbLog({ folder, clock: systemClock, random: systemRandom })

async function all(log: Log, topic: string): Promise<LogMessage[]> {
  const found: LogMessage[] = []
  for (;;) {
    const { messages } = await log.readAfter(topic, found.at(-1)?.offset ?? 0, 5_000)
    if (messages.length === 0) return found
    found.push(...messages)
  }
}

const numberOf = ({ payload }: LogMessage): number => (payload as { mine: number }).mine

/** What a process that was killed had printed: whole lines of `topic offset number`. */
function acceptedBy(output: string): { topic: string; offset: number; number: number }[] {
  return output
    .split('\n')
    .slice(0, -1)
    .filter((line) => line.startsWith('topic-'))
    .map((line) => {
      const [topic = '', offset, number] = line.split(' ')
      return { topic, offset: Number(offset), number: Number(number) }
    })
}

describe('a log whose process is killed', () => {
  for (const [accepted, rounds] of [
    ['written', 15],
    ['synced', 6],
    ['memory', 6],
  ] as const) {
    it(`has all that was accepted, in order and without a hole (${accepted})`, async () => {
      const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000)
      console.log(`SEED=${seed}`)
      let chance = seed
      const random = (): number => {
        chance = (Math.imul(chance, 1_103_515_245) + 12_345) >>> 0
        return chance / 2 ** 32
      }
      const folder = temporary()
      const promised = new Map<string, Map<number, number>>()
      const epochs = new Set<string>()
      let first = 1
      let appended = 0
      let round = 0
      // Nothing is proven where nothing happened: on a slow disk it takes some more of them.
      for (; round < rounds || appended <= rounds * 20; round++) {
        const appender = startAppender(folder, accepted, first)
        await until(() => appender.output().includes('\n'), { what: 'the log to open' })
        await new Promise((resolve) => setTimeout(resolve, Math.floor(random() ** 2 * 250)))
        await appender.kill()
        const [opened = ''] = appender.output().split('\n')
        expect(opened).toMatch(/^open /)
        epochs.add(opened)
        const lines = acceptedBy(appender.output())
        // In memory, accepted means no more than that.
        if (accepted !== 'memory') {
          for (const { topic, offset, number } of lines) {
            const known = promised.get(topic) ?? new Map<number, number>()
            expect(known.has(offset)).toBe(false)
            promised.set(topic, known.set(offset, number))
          }
        }
        appended += lines.length
        first += 1_000_000

        const copy = temporary()
        cpSync(folder, copy, { recursive: true })
        const log = await open(copy)
        for (let i = 0; i < TOPICS; i++) {
          const topic = `topic-${i}`
          const messages = await all(log, topic)
          expect(messages.map(({ offset }) => offset)).toEqual(messages.map((_, at) => at + 1))
          expect((await log.top(topic)).offset).toBe(messages.length)
          const numbers = messages.map(numberOf)
          expect(numbers).toEqual([...numbers].sort((a, b) => a - b))
          expect(new Set(numbers).size).toBe(numbers.length)
          const byOffset = new Map(messages.map((each) => [each.offset, numberOf(each)]))
          for (const [offset, number] of promised.get(topic) ?? []) expect(byOffset.get(offset)).toBe(number)
        }
        await log.close()
        rmSync(copy, { recursive: true })
      }
      console.log(`${accepted}: ${round} kills, ${appended} messages accepted`)
      expect(epochs.size).toBe(accepted === 'memory' ? round : 1)
    })
  }
})

describe('a folder whose process is killed while it makes or opens it', () => {
  it('can be opened all the same', async () => {
    const folder = temporary()
    for (let round = 0; round < 14; round++) {
      const appender = startAppender(folder, 'written', 1 + round * 1_000_000)
      // Around the time that a process needs to get as far as the folder.
      await new Promise((resolve) => setTimeout(resolve, 60 + round * 10))
      await appender.kill()
      expect(appender.output()).not.toContain('refused')
    }
    const log = await open(folder)
    const messages = await all(log, 'topic-0')
    expect(messages.map(({ offset }) => offset)).toEqual(messages.map((_, at) => at + 1))
    await log.close()
  })
})

describe('a folder that another process has open', () => {
  it('is refused, named with its process, and free once that is killed', async () => {
    const folder = temporary()
    const appender = startAppender(folder, 'written', 1)
    await until(() => appender.output().includes('topic-0 3 '), { what: 'messages' })
    const refusal = await open(folder).then(
      () => null,
      (error: unknown) => error,
    )
    expect(refusal).toBeInstanceOf(FolderError)
    expect(refusal).toMatchObject({ fault: 'in_use', message: expect.stringContaining(`process ${appender.pid}`) })
    const before = appender.output().length
    await until(() => appender.output().length > before, { what: 'the owner to go on' })
    await appender.kill()
    const log = await open(folder)
    expect((await log.top('topic-0')).offset).toBeGreaterThan(2)
    await log.close()
  })

  it('goes to one at most of several that start at once', async () => {
    const folder = temporary()
    for (let round = 0; round < 5; round++) {
      const appenders = Array.from({ length: 4 }, (_, i) => startAppender(folder, 'written', 1 + i + round * 1_000_000))
      await until(() => appenders.every((each) => each.output().includes('\n')), { what: 'all to have tried' })
      const outcomes = appenders.map((each) => each.output().split('\n')[0] ?? '')
      expect(outcomes.filter((each) => each.startsWith('open')).length).toBeLessThanOrEqual(1)
      expect(outcomes.filter((each) => !each.startsWith('open'))).toEqual(
        outcomes.filter((each) => each === 'refused in_use'),
      )
      await Promise.all(appenders.map((each) => each.kill()))
    }
    const log = await open(folder)
    await log.close()
  })
})
