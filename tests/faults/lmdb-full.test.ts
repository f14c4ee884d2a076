import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock, systemRandom } from '@rollcall/core'
import { lmdbLog } from '@rollcall/lmdb'
import { type Log, LogUnavailable } from 'rollcall/log'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { until } from '../support/until.ts'

const retention = { messages: 1_000_000, ageMs: 86_400_000, bytes: 1 << 30 }

/** A small file system in memory; null where this process may not mount one. */
function mountSmall(): string | null {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-full-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', folder], { stdio: 'ignore' })
    return folder
  } catch {
    rmSync(folder, { recursive: true })
    return null
  }
}

const probe = mountSmall()
if (probe) unmount(probe)
else console.log('skipped: a full disk needs a small file system, and this process may not mount one')

function unmount(folder: string): void {
  execFileSync('umount', ['-l', folder])
  rmSync(folder, { recursive: true })
}

describe.skipIf(!probe)('a log on a full disk', () => {
  let disk = ''
  const logs: Log[] = []

  beforeEach(() => {
    disk = mountSmall() ?? ''
  })

  afterEach(async () => {
    for (const log of logs.splice(0)) await log.close().catch(() => {})
    unmount(disk)
  })

  const open = async (accepted: 'memory' | 'written' | 'synced'): Promise<Log> => {
    const log = await lmdbLog({ folder: join(disk, 'log'), accepted, clock: systemClock, random: systemRandom })
    logs.push(log)
    return log
  }
  const append = async (log: Log, number: number) =>
    log.append(
      `topic-${number % 7}`,
      { event: 'e', payload: `${number} ${'x'.repeat(1_000)}`, from: null, at: 1 },
      { retention },
    )

  /** Appends until the log refuses; the numbers that were accepted. */
  async function fill(log: Log, from: number): Promise<number[]> {
    const accepted: number[] = []
    for (let number = from; number < from + 100_000; number += 50) {
      const batch = Array.from({ length: 50 }, (_, i) => number + i)
      const answers = await Promise.allSettled(batch.map((each) => append(log, each)))
      for (const [i, answer] of answers.entries()) if (answer.status === 'fulfilled') accepted.push(batch[i]!)
      const refusal = answers.find((answer) => answer.status === 'rejected')
      if (refusal) {
        expect(refusal.reason).toBeInstanceOf(LogUnavailable)
        return accepted
      }
      await new Promise((resolve) => setImmediate(resolve))
    }
    throw new Error('The disk was never full')
  }

  async function numbersIn(log: Log): Promise<number[]> {
    const found: number[] = []
    for (let i = 0; i < 7; i++) {
      const { messages } = await log.readAfter(`topic-${i}`, 0, 100_000)
      expect(messages.map(({ offset }) => offset)).toEqual(messages.map((_, at) => at + 1))
      found.push(...messages.map(({ payload }) => Number.parseInt(String(payload), 10)))
    }
    return found.sort((a, b) => a - b)
  }

  for (const mode of ['memory', 'written', 'synced'] as const) {
    it(`refuses the send, keeps all that was accepted, and goes on when there is room (${mode})`, async () => {
      const log = await open(mode)
      const accepted = await fill(log, 0)
      expect(accepted.length).toBeGreaterThan(100)
      expect(await numbersIn(log)).toEqual(accepted)
      await expect(append(log, 1)).rejects.toMatchObject({ name: 'LogUnavailable', retryAfterMs: expect.any(Number) })

      execFileSync('mount', ['-o', 'remount,size=12m', disk])
      const later = await until(() => append(log, 500_000), { what: 'the log to take messages again' })
      expect(later.duplicate).toBe(false)
      const more = await fill(log, 500_001)
      const expected = [...accepted, 500_000, ...more]
      expect(await numbersIn(log)).toEqual(expected)

      execFileSync('mount', ['-o', 'remount,size=30m', disk])
      await until(() => append(log, 900_000), { what: 'the log to take messages again' })
      await log.close()
      const again = await open(mode)
      expect(await numbersIn(again)).toEqual([...expected, 900_000])
    })
  }

  it('cannot be made, and says why', async () => {
    try {
      writeFileSync(join(disk, 'filler'), Buffer.alloc(20 << 20))
    } catch {
      // Every byte is taken now.
    }
    await expect(open('written')).rejects.toMatchObject({ name: 'FolderError', fault: 'full' })
    rmSync(join(disk, 'filler'))
    const log = await open('written')
    expect((await append(log, 7)).position.offset).toBe(1)
  })

  it('can be opened and read while the disk is full', async () => {
    const log = await open('written')
    const accepted = await fill(log, 0)
    await log.close()
    try {
      writeFileSync(join(disk, 'filler'), Buffer.alloc(20 << 20))
    } catch {
      // Every byte that was left is taken now.
    }
    const again = await open('written')
    expect(await numbersIn(again)).toEqual(accepted)
    const refusals = await fill(again, 600_000)
    expect((await numbersIn(again)).length).toBe(accepted.length + refusals.length)
    rmSync(join(disk, 'filler'))
    await until(() => append(again, 900_000), { what: 'the log to take messages again' })
  })
})
