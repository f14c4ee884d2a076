import { afterEach, describe, expect, it } from 'vitest'
import { missingNats } from '../support/nats.ts'
import { type Program, startProgram } from '../support/program.ts'
import { until } from '../support/until.ts'

const started: Program[] = []
afterEach(async () => {
  for (const program of started.splice(0)) await program.stop('SIGKILL')
})

const lives = (pid: number) => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe.skipIf(missingNats)('npm run cluster', { timeout: 300_000 }, () => {
  it('starts a NATS and three lobbies, goes on without one of them, and leaves nothing behind', async () => {
    // Above the ports that the system gives to whoever asks for any.
    const env = { PORT: String(61_000 + (process.pid % 4_000)) }
    const program = await startProgram(process.execPath, /Processes (\d+), (\d+), (\d+):/, {
      args: ['scripts/cluster.mjs'],
      env,
      deadlineMs: 90_000,
    })
    started.push(program)
    const pids = program.ready.slice(1).map(Number)
    const nats = Number(/NATS \| nats:\S+, process (\d+)/.exec(program.output())?.[1])
    const urls = [...program.output().matchAll(/^\d+ \| .*(http:\S+)$/gm)].map(([, url]) => url)
    expect(urls).toHaveLength(3)
    const health = (url: string | undefined) =>
      fetch(`${url}/api/v1/health`).then(
        ({ status }) => status,
        () => 0,
      )
    const healths = async () => (await Promise.all(urls.map(health))).sort().join()
    await until(async () => (await healths()) === '200,200,200', { what: 'all to be well' })

    process.kill(pids[0] ?? 0, 'SIGKILL')
    await until(() => program.output().includes('ended with SIGKILL'), { what: 'the end of a lobby to be told' })
    await until(async () => (await healths()) === '0,200,200', { what: 'the others to be well' })

    expect(await program.stop('SIGINT')).toEqual({ code: 0, signal: null })
    await until(() => ![...pids, nats].some(lives), { what: 'everything to end' })
  })
})
