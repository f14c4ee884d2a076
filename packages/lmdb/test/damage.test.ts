import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import type { Log, LogPage } from 'rollcall/log'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { FolderError } from '../src/errors.ts'
import { PAGE_HEADER } from '../src/file/page.ts'
import { lmdbLog } from '../src/open.ts'
import { imageOf } from './folder-image.ts'
import { HalfClock, namedRandom } from './half-clock.ts'
import { clearTemporary, temporary } from './temporary.ts'

const retention = { messages: 500, ageMs: 86_400_000, bytes: 10_000_000 }
const clock = new HalfClock()
const open = (folder: string) => lmdbLog({ folder, clock, random: namedRandom('e') })

/** What is to be found in a sound folder. */
async function contentOf(log: Log): Promise<LogPage[]> {
  return [
    await log.readAfter('small', 0, 1_000),
    await log.readAfter('large', 0, 1_000),
    await log.readAfter('x', 0, 9),
  ]
}

/** The fault of opening `folder`; its content if it opens. */
async function tryOpen(folder: string): Promise<string | LogPage[]> {
  let log: Log
  try {
    log = await open(folder)
  } catch (error) {
    if (!(error instanceof FolderError)) throw error
    return error.fault
  }
  const content = await contentOf(log)
  await log.close()
  return content
}

describe('opening a folder', () => {
  const sound = join(temporaryRoot(), 'sound')
  let content: LogPage[]

  beforeAll(async () => {
    const log = await open(sound)
    const append = (topic: string, payload: unknown, idempotencyKey?: string) =>
      log.append(topic, { event: 'message', payload, from: null, at: 1 }, { retention, idempotencyKey })
    for (let i = 0; i < 30; i++) await append('small', { i, text: 'hello' }, `key-${i}`)
    await Promise.all(Array.from({ length: 600 }, (_, i) => append('small', { i, text: 'hello' })))
    for (let i = 0; i < 5; i++) await append('large', 'y'.repeat(10_000 + i))
    content = await contentOf(log)
    await log.close()
  })

  afterAll(() => rmSync(join(sound, '..'), { recursive: true, force: true }))

  const copyOfSound = () => {
    const copy = temporary()
    cpSync(sound, copy, { recursive: true })
    return copy
  }

  it('a sound folder opens, with all that it had', async () => {
    expect(await tryOpen(copyOfSound())).toEqual(content)
    expect(content.map(({ first, top }) => [first, top])).toEqual([
      [131, 630],
      [1, 5],
      [1, 0],
    ])
  })

  const NEEDED = ['data.mdb', 'seal', 'rollcall-log.json', 'rollcall-log.guard'] as const
  const harm: Readonly<Record<string, (path: string) => void>> = {
    emptied: (path) => truncateSync(path, 0),
    'cut in half': (path) => truncateSync(path, Math.floor(statSync(path).size / 2)),
    zeroed: (path) => writeFileSync(path, Buffer.alloc(statSync(path).size)),
    garbled: (path) =>
      writeFileSync(
        path,
        readFileSync(path).map((byte, i) => byte ^ (i * 31 + 7)),
      ),
    'garbled at its beginning': (path) => {
      const bytes = readFileSync(path)
      bytes.fill(0xa5, 0, Math.min(64, bytes.length))
      writeFileSync(path, bytes)
    },
    'replaced by text': (path) => writeFileSync(path, 'This is a letter, not a log.\n'.repeat(400)),
  }

  for (const name of NEEDED) {
    for (const [how, harmIt] of Object.entries(harm)) {
      it(`${name} ${how} is damage, told and left alone`, async () => {
        const folder = copyOfSound()
        harmIt(join(folder, name))
        const before = imageOf(folder)
        const outcome = await tryOpen(folder)
        // Half of the seal's file is one of its two slots, and either will do. The guard holds nothing: empty, it is made anew.
        const isHarmless = (name === 'seal' && outcome !== 'damaged') || (name.endsWith('guard') && how === 'emptied')
        if (isHarmless) expect(outcome).toEqual(content)
        else {
          expect(outcome).toBe('damaged')
          expect(imageOf(folder)).toEqual(before)
        }
      })
    }
  }

  it('the loss of the data, or of the seal, is damage', async () => {
    for (const name of ['data.mdb', 'seal']) {
      const folder = copyOfSound()
      rmSync(join(folder, name))
      const before = imageOf(folder)
      expect(await tryOpen(folder)).toBe('damaged')
      expect(imageOf(folder)).toEqual(before)
    }
  })

  it('the loss of lock files is none', async () => {
    const folder = copyOfSound()
    for (const name of readdirSync(folder))
      if (name.includes('lock') || name.endsWith('guard')) rmSync(join(folder, name))
    expect(await tryOpen(folder)).toEqual(content)
  })

  it('a data file of an earlier copy is damage', async () => {
    const folder = copyOfSound()
    const early = readFileSync(join(folder, 'data.mdb'))
    const log = await open(folder)
    await log.append('x', { event: 'e', payload: 1, from: null, at: 1 }, { retention })
    await log.close()
    writeFileSync(join(folder, 'data.mdb'), early)
    expect(await tryOpen(folder)).toBe('damaged')
  })

  it('a data file cut at any page is damage, or was not in use there', { timeout: 60_000 }, async () => {
    const { size } = statSync(join(sound, 'data.mdb'))
    for (let end = 0; end < size; end += 4096) {
      const folder = copyOfSound()
      truncateSync(join(folder, 'data.mdb'), end)
      const before = imageOf(folder)
      const outcome = await tryOpen(folder)
      if (outcome === 'damaged') expect(imageOf(folder)).toEqual(before)
      else expect(outcome).toEqual(content)
      clearTemporary()
    }
  })

  it('any wrong bytes are damage, or were not in use there', { timeout: 60_000 }, async () => {
    const { size } = statSync(join(sound, 'data.mdb'))
    let found = 0
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.nat(size - 1),
          fc.nat(PAGE_HEADER + 150),
          fc.nat(PAGE_HEADER + 150).map((at) => at + 4096),
        ),
        fc.uint8Array({ minLength: 1, maxLength: 40 }),
        async (place, bytes) => {
          const folder = copyOfSound()
          const path = join(folder, 'data.mdb')
          const data = readFileSync(path)
          for (const [i, byte] of bytes.entries()) if (place + i < size) data[place + i] = byte
          writeFileSync(path, data)
          const before = imageOf(folder)
          const outcome = await tryOpen(folder)
          if (outcome === 'damaged') {
            found++
            expect(imageOf(folder)).toEqual(before)
          } else expect(outcome).toEqual(content)
          clearTemporary()
        },
      ),
      { numRuns: Number(process.env['FUZZ_RUNS'] ?? 100) },
    )
    expect(found).toBeGreaterThan(20)
  })

  it('a newer format is told, and left alone', async () => {
    const folder = copyOfSound()
    writeFileSync(join(folder, 'rollcall-log.json'), '{"format":"rollcall-log","version":2,"more":true}')
    const before = imageOf(folder)
    expect(await tryOpen(folder)).toBe('newer')
    await expect(open(folder)).rejects.toThrow('format 2')
    expect(imageOf(folder)).toEqual(before)
  })

  it.each<[string, Record<string, string>]>([
    ['holds documents', { 'letter.txt': 'Dear' }],
    ['holds another database', { 'data.mdb': 'x'.repeat(8192), 'lock.mdb': '' }],
    ['has hidden files', { '.git': 'x' }],
  ])('a folder that %s is foreign, and left alone', async (_, files) => {
    const folder = temporary()
    mkdirSync(folder)
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
    const before = imageOf(folder)
    expect(await tryOpen(folder)).toBe('foreign')
    expect(imageOf(folder)).toEqual(before)
  })

  it('a file is foreign', async () => {
    const path = temporary()
    writeFileSync(path, 'a file')
    expect(await tryOpen(path)).toBe('foreign')
    expect(readFileSync(path, 'utf8')).toBe('a file')
  })

  it('an empty folder, and one in folders that are not there, become logs', async () => {
    const empty = temporary()
    mkdirSync(empty)
    const deep = join(temporary(), 'a', 'b.c', 'd')
    for (const folder of [empty, deep]) {
      const log = await open(folder)
      expect((await log.top('x')).offset).toBe(0)
      await log.close()
      expect(Array.isArray(await tryOpen(folder))).toBe(true)
    }
  })

  it.each<[string, (folder: string) => void]>([
    ['before its marker', (folder) => rmSync(join(folder, 'rollcall-log.json'))],
    [
      'while its marker was written',
      (folder) => {
        for (const name of readdirSync(folder)) if (!name.endsWith('guard')) rmSync(join(folder, name))
        writeFileSync(join(folder, 'rollcall-log.json.new'), '{"for')
      },
    ],
    ['before its data', (folder) => rmSync(join(folder, 'data.mdb'))],
    ['while its data was written', (folder) => truncateSync(join(folder, 'data.mdb'), 100)],
    ['before its seal', (folder) => rmSync(join(folder, 'seal'))],
  ])('a making cut short %s is begun anew', async (_, cut) => {
    const folder = copyOfSound()
    writeFileSync(join(folder, 'rollcall-log.json'), '{"format":"rollcall-log","version":1,"creating":true}')
    cut(folder)
    if (_ === 'before its marker') {
      for (const name of ['data.mdb', 'lock.mdb', 'seal']) rmSync(join(folder, name), { force: true })
    }
    const outcome = await tryOpen(folder)
    expect((outcome as LogPage[]).map(({ top }) => top)).toEqual([0, 0, 0])
  })

  it('a folder that is open is in use, however it is named, and free again after close', async () => {
    const folder = copyOfSound()
    const log = await open(folder)
    expect(await tryOpen(folder)).toBe('in_use')
    expect(await tryOpen(join(folder, '..', 'log', '.'))).toBe('in_use')
    await log.append('x', { event: 'e', payload: 1, from: null, at: 1 }, { retention })
    await log.close()
    expect(Array.isArray(await tryOpen(folder))).toBe(true)
  })

  it('a folder that was removed begins anew, under another epoch', async () => {
    const folder = copyOfSound()
    const log = await lmdbLog({ folder, clock, random: namedRandom('first') })
    const { epoch } = await log.top('small')
    await log.close()
    rmSync(folder, { recursive: true })
    const again = await lmdbLog({ folder, clock, random: namedRandom('second') })
    const top = await again.top('small')
    expect(top.offset).toBe(0)
    expect(top.epoch).not.toBe(epoch)
    await again.close()
  })
})

function temporaryRoot(): string {
  // Outlives single tests, unlike what `temporary` answers inside of them.
  const folder = join(temporary(), '..')
  return `${folder}-sound`
}
