import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, vi } from 'vitest'

const root = join(import.meta.dirname, '../../../..')
const dist = join(root, 'packages/server/dist')
const command = join(dist, 'cli/main.js')

const running = new Set<Running>()
const folders: string[] = []

/** Call once in a file: brings the command up to date, and ends what is left of it. */
export function usesTheCommand(): void {
  beforeAll(bringUpToDate, 120_000)
  afterEach(() => {
    for (const { process } of running) process.kill('SIGKILL')
    running.clear()
  })
  afterAll(() => {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true })
  })
}

// These are processes of the built command, so it has to be that of the sources. The checks of a change build before.
function bringUpToDate(): void {
  const sources = ['core', 'server'].map((name) => newestBelow(join(root, 'packages', name, 'src')))
  if (existsSync(command) && Math.max(...sources) <= statSync(join(dist, '.tsbuildinfo')).mtimeMs) return
  const built = spawnSync(process.execPath, [
    join(root, 'node_modules/typescript/bin/tsc'),
    '-b',
    join(root, 'packages/server'),
  ])
  // What is wrong with types is for the check of types to tell.
  if (!existsSync(command)) throw new Error(`The command could not be built: ${built.stdout}`)
}

function newestBelow(folder: string): number {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  return Math.max(...entries.map(({ parentPath, name }) => statSync(join(parentPath, name)).mtimeMs))
}

/** A folder with these files, in which packages of this repository can be imported. */
export function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-command-'))
  folders.push(folder)
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return folder
}

export interface CommandOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
}

/** Starts the command. */
export function rollcall(args: readonly string[], { cwd = tmpdir(), env = {} }: CommandOptions = {}): Running {
  const started = spawn(process.execPath, [command, ...args], {
    cwd,
    env: { PATH: process.env.PATH ?? '', TZ: 'UTC', ...env },
  })
  return new Running(started)
}

/** A process of the command. */
export class Running {
  readonly process: ChildProcessWithoutNullStreams
  /** Its exit code; null if a signal ended it. */
  readonly ended: Promise<number | null>
  out = ''
  err = ''

  constructor(child: ChildProcessWithoutNullStreams) {
    this.process = child
    running.add(this)
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.out += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.err += text
    })
    child.stdin.on('error', () => {})
    this.ended = new Promise((resolve) => {
      child.on('close', (code) => {
        running.delete(this)
        resolve(code)
      })
    })
  }

  /** Waits until its output matches. */
  async says(pattern: RegExp, from: 'out' | 'err' = 'out'): Promise<RegExpExecArray> {
    return vi.waitFor(
      () => {
        const found = pattern.exec(this[from])
        if (!found) throw new Error(`never said ${pattern}; out: ${this.out}; err: ${this.err}`)
        return found
      },
      { timeout: 30_000, interval: 10 },
    )
  }

  /** What it wrote, and how it ended. */
  async result(): Promise<{ code: number | null; out: string; err: string }> {
    const code = await this.ended
    return { code, out: this.out, err: this.err }
  }

  type(text: string): void {
    this.process.stdin.write(text)
  }

  /** The lines of its JSON output so far. */
  // biome-ignore lint/suspicious/noExplicitAny: what a test expects of it, it says
  get json(): any[] {
    const lines = this.out.split('\n').slice(0, -1)
    return lines.map((line) => JSON.parse(line))
  }
}
