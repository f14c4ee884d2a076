import { afterEach, expect, test } from 'vitest'
import { describeInChromium, launchChromium } from '../support/chromium.ts'
import { type Program, startProgram } from '../support/program.ts'
import { until } from '../support/until.ts'

const programs: Program[] = []
afterEach(async () => {
  for (const program of programs.splice(0)) await program.stop()
})

const page = `require('node:http')
  .createServer((request, response) => response.end('<title>hello</title>'))
  .listen(0, '127.0.0.1', function () { console.log('on http://127.0.0.1:' + this.address().port) })`

const start = async (source: string): Promise<Program> => {
  const program = await startProgram(process.execPath, /http:\S+/, { args: ['-e', source] })
  programs.push(program)
  return program
}

test('a program is there when its line is, and can be stopped twice', async () => {
  const program = await start(page)
  expect(await (await fetch(program.ready[0])).text()).toContain('hello')
  expect(program.output()).toBe(`on ${program.ready[0]}\n`)
  expect(await program.stop('SIGINT')).toEqual({ code: null, signal: 'SIGINT' })
  expect(await program.stop()).toEqual({ code: null, signal: 'SIGINT' })
})

test('a program that ends without its line says what it printed', async () => {
  await expect(start(`console.error('no luck'); process.exit(3)`)).rejects.toThrow(/ended with 3 .*no luck/s)
  await expect(startProgram('/no/such/program', /x/)).rejects.toThrow(/cannot be started/)
})

test('until waits for a condition and gives up with its last answer', async () => {
  let asked = 0
  expect(await until(() => ++asked === 3 && 'third')).toBe('third')
  const never = until(() => Promise.reject(new Error('not yet')), { deadlineMs: 50, what: 'a miracle' })
  await expect(never).rejects.toThrow('Waited 50 ms for a miracle; at last: Error: not yet')
})

describeInChromium('Chromium', () => {
  test('opens a page of a local server', async () => {
    const program = await start(page)
    const browser = await launchChromium()
    try {
      const tab = await (await browser.newContext()).newPage()
      await tab.goto(program.ready[0])
      expect(await tab.title()).toBe('hello')
    } finally {
      await browser.close()
    }
  })
})
