import { expect, test } from 'vitest'
import { Program } from '../src/program.ts'

function programOf(code: string): Program {
  const args = ['--input-type=module', '--eval', code]
  return Program.start({ name: 'The program', command: process.execPath, args, cores: '0' })
}

const echo = `
  import { createInterface } from 'node:readline'
  console.log('something else')
  createInterface({ input: process.stdin }).on('line', (line) => {
    const { id, ask, given } = JSON.parse(line)
    console.log('\\u001ebench ' + JSON.stringify(ask === 'fail' ? { id, error: 'no' } : { id, result: given }))
  }).on('close', () => process.exit(0))
`

test('answers go to their questions, whatever else is printed', async () => {
  const program = programOf(echo)
  const answers = await Promise.all([
    program.ask('echo', { a: 'Týr' }),
    program.ask('echo', null),
    program.ask('echo', 3),
  ])
  expect(answers).toEqual([{ a: 'Týr' }, null, 3])
  await expect(program.ask('fail')).rejects.toThrow('The program: no')
  await program.stop()
  await expect(program.ask('echo')).rejects.toThrow('The program ended with 0')
})

test('a crash rejects what was asked, with the line that tells', async () => {
  const program = programOf('process.stdin.once("data", () => { throw new RangeError("it is Tuesday") })')
  await expect(program.ask('anything')).rejects.toThrow('The program ended with 1: RangeError: it is Tuesday')
  await program.stop()
})

test('a command that is not there is told', async () => {
  const program = Program.start({ name: 'It', command: '/nowhere/at-all', args: [], cores: '0' })
  await expect(program.ask('anything')).rejects.toThrow(/^It ended with/)
  await program.stop()
})
