import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { connect } from 'node:tls'
import { describe, expect, it, test } from 'vitest'
import { root, startProgram } from '../support/program.ts'
import { until } from '../support/until.ts'
import { makeCertificate, missingOpenssl } from './certificate.ts'
import { guideFolder } from './guide.ts'
import { afterwards, native, temporaryFolder } from './stage.ts'
import { substitute } from './substitute.ts'

describe('TLS without a proxy, as the guide has it,', () => {
  it.skipIf(missingOpenssl)('serves, and takes a new certificate while clients stay', async () => {
    const place = temporaryFolder()
    const first = makeCertificate(place)
    const folder = guideFolder({
      tls: (code) =>
        substitute(code, {
          '/etc/ssl/rollcall/fullchain.pem': first.certFile,
          '/etc/ssl/rollcall/privkey.pem': first.keyFile,
          'port: 443': 'port: 0',
          "host: '0.0.0.0'": "host: '127.0.0.1'",
        }),
    })
    const jiti = join(root, 'node_modules/jiti/lib/jiti-cli.mjs')
    const args = [jiti, join(folder, 'tls.ts')]
    const server = await startProgram(process.execPath, /https:\S+/, { args, cwd: folder })
    afterwards(async () => void (await server.stop()))
    const [url] = server.ready
    const one = native(url, first)
    const room = one.client.join('room:lobby')
    await room.send('message', 'under the first')

    const second = makeCertificate(place)
    expect(await trusts(url, first.cert)).toBe(true)
    server.child.kill('SIGHUP')
    await until(() => trusts(url, second.cert), { what: 'the new certificate' })
    expect(await trusts(url, first.cert)).toBe(false)
    const two = native(url, second).client.join('room:lobby')
    const heard: string[] = []
    two.on('message', (text) => void heard.push(text))
    await until(() => two.state.kind === 'joined')
    await room.send('message', 'under both')
    await until(() => heard.length > 0)
    expect([heard.at(-1), one.opened]).toEqual(['under both', 1])
    expect(await server.stop()).toEqual({ code: 0, signal: null })
  })
})

describe('the guide', () => {
  test('has examples whose types fit', () => {
    const folder = guideFolder()
    const compilerOptions = { module: 'nodenext', target: 'es2023', strict: true, noEmit: true, skipLibCheck: true }
    const more = { types: ['node'], allowImportingTsExtensions: true, exactOptionalPropertyTypes: true }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: { ...compilerOptions, ...more } }))
    const compiler = join(root, 'node_modules/typescript/bin/tsc')
    const { stdout, status } = spawnSync(process.execPath, [compiler, '-p', folder], { encoding: 'utf8' })
    expect([stdout, status]).toEqual(['', 0])
  })

  test.each(['docs/guide/deployment.md', 'SECURITY.md'])('%s names only files that are there', (page) => {
    const links = [...readFileSync(join(root, page), 'utf8').matchAll(/\]\(([^)#]+)\)/g)].map(([, link = '']) => link)
    const local = links.filter((link) => !/^https?:/.test(link))
    expect(local.length).toBeGreaterThan(1)
    expect(local.filter((link) => !existsSync(join(root, dirname(page), link)))).toEqual([])
  })
})

describe('what is put in the place of what is shipped', () => {
  const text = 'listen 80;\nserver one 127.0.0.1:8210;\n'

  test('is there', () => {
    expect(substitute(text, { 'listen 80;': 'listen 4711;', '127.0.0.1:8210': '$&:1' })).toBe(
      'listen 4711;\nserver one $&:1;\n',
    )
  })

  test.each([
    ['listen 81;', 'is not in the configuration'],
    ['127.0.0.1:8211', 'is not in the configuration'],
    ['e', 'is more than once in the configuration'],
  ])('or the test fails: "%s"', (from, why) => {
    expect(() => substitute(text, { [from]: 'x' })).toThrow(`"${from}" ${why}`)
  })
})

/** Whether a server's certificate is good for one who believes this one. */
function trusts(url: string, ca: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1', servername: 'localhost', ca })
    socket.once('secureConnect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
