import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { type Program, root, startProgram } from '../support/program.ts'
import { until } from '../support/until.ts'

/** Where examples are put: below the repository's packages, which they import. */
const cache = join(root, 'node_modules/.cache/rollcall')

/** The TypeScript of a page, by the file name in the first line of each block. */
function examplesOf(page: string): Map<string, string> {
  const blocks = readFileSync(join(root, page), 'utf8').matchAll(/^```ts\n\/\/ ([\w.-]+)\n([\s\S]*?)^```$/gm)
  return new Map([...blocks].map(([, name = '', code = '']) => [name, code]))
}

function write(page: string, change: (code: string) => string = (code) => code): string {
  mkdirSync(cache, { recursive: true })
  const folder = mkdtempSync(join(cache, 'docs-'))
  for (const [name, code] of examplesOf(page)) writeFileSync(join(folder, name), change(code))
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  folders.push(folder)
  return folder
}

const folders: string[] = []
const programs: Program[] = []

async function run(
  args: readonly string[],
  ready: RegExp,
  env: Readonly<Record<string, string>> = {},
): Promise<Program> {
  const program = await startProgram(process.execPath, ready, { args, env })
  programs.push(program)
  return program
}

/** What somebody does who follows the page: serves its server, and runs its client against it. */
async function follow(page: string, env: Readonly<Record<string, string>>, ready: RegExp): Promise<Program> {
  const served = write(page)
  const command = join(root, 'node_modules/rollcall/dist/cli/main.js')
  const server = await run([command, 'serve', join(served, 'server.ts'), '--port', '0'], /http:\S+/, env)
  const visiting = write(page, (code) => code.replace('http://localhost:8210', server.ready[0]))
  return run([join(root, 'node_modules/jiti/lib/jiti-cli.mjs'), join(visiting, 'client.ts')], ready)
}

afterEach(async () => {
  await Promise.all(programs.splice(0).map((program) => program.stop()))
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

describe.each(['README.md', 'docs/guide/getting-started.md', 'docs/guide/identity.md'])('%s', (page) => {
  const text = readFileSync(join(root, page), 'utf8')

  it('has examples whose types fit', () => {
    const folder = write(page)
    const compilerOptions = { module: 'nodenext', strict: true, noEmit: true, allowImportingTsExtensions: true }
    const more = { target: 'es2023', lib: ['es2023', 'dom'], types: ['node'], skipLibCheck: true }
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ compilerOptions: { ...compilerOptions, ...more, exactOptionalPropertyTypes: true } }),
    )
    const compiler = join(root, 'node_modules/typescript/bin/tsc')
    const { stdout, status } = spawnSync(process.execPath, [compiler, '-p', folder], { encoding: 'utf8' })
    expect([stdout, status]).toEqual(['', 0])
  })

  it('names only files that are there', () => {
    const links = [...text.matchAll(/\]\(([^)#]+)\)|(?:src|srcset)="([^"]+)"/g)].map(([, a, b]) => a ?? b ?? '')
    const local = links.filter((link) => !/^https?:/.test(link))
    expect(local.length).toBeGreaterThan(3)
    expect(local.filter((link) => !existsSync(join(root, dirname(page), link)))).toEqual([])
  })
})

describe('the example of the README', () => {
  it('is a contract, a server and a client', () => {
    expect([...examplesOf('README.md').keys()]).toEqual(['chat.ts', 'server.ts', 'client.ts'])
  })

  it('runs as it stands', async () => {
    const client = await follow('README.md', {}, /Tyr: hi, this is Tyr/)
    await until(() => client.output().includes('here: Tyr\n'))
    expect(client.output()).not.toContain('missed')
  })
})

describe('the guide to begin with', () => {
  it('runs as it stands', async () => {
    const page = 'docs/guide/getting-started.md'
    expect([...examplesOf(page).keys()]).toEqual(['chat.ts', 'server.ts', 'program.ts', 'client.ts', 'durable.ts'])
    const client = await follow(page, { STAFF_CODE: 'opensesame' }, /kept out: that is not the code/)
    const lines = ['connection: open', 'Tyr joined', 'here: Tyr (1)', 'now Tyr: hi, this is Tyr', '1 messages in all']
    // News of members comes when it comes.
    for (const line of lines) await until(() => client.output().includes(line), { what: line })
  })
})
