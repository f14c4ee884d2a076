import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { missingNats } from '../support/nats.ts'
import { until } from '../support/until.ts'
import { keepRun, printFigures } from './cluster/figures.ts'
import { pause, World, type WorldOptions } from './cluster/world.ts'

/** The long mode runs what takes longer than a suite of every day may. */
const LONG = process.env['FAULTS'] === 'long'

const open: World[] = []

afterEach(async () => {
  await Promise.all(open.splice(0).map((world) => world.close()))
})
afterAll(printFigures)

async function world(options: WorldOptions = {}): Promise<World> {
  const opened = await World.open(options)
  open.push(opened)
  await pause(1_000)
  return opened
}

/** All is healed: waits until all is well, and judges what happened. */
async function judge(scenario: string, scene: World, options: { convergeMs?: number } = {}) {
  const report = await scene.settle(options)
  keepRun(scenario, report)
  const { anomalies, counts, troubles } = report
  const told = [...troubles, ...anomalies.map(({ rule, anomaly, message }) => `${rule}: ${anomaly}: ${message}`)]
  if (told.length > 0) console.log(scene.output())
  expect(told.slice(0, 10)).toEqual([])
  expect(counts.deliveries).toBeGreaterThan(counts.accepted * 4)
  return report
}

describe.skipIf(missingNats)('three nodes on one NATS', { timeout: 300_000 }, () => {
  it('keep every promise when nothing is broken', async () => {
    const scene = await world({ polls: true })
    await pause(2_000)
    const { counts } = await judge('nothing broken', scene)
    expect(counts).toMatchObject({ refused: 0, unknown: 0, resumed: 0, gaps: {} })
  })

  it('lose nothing when one is killed', async () => {
    const scene = await world({ polls: true })
    const { stage } = scene
    const victim = stage.node(1)
    await stage.kill(victim)
    scene.fault('kill', victim.name)
    await pause(8_000)
    await stage.restart(victim)
    await pause(1_000)
    const { counts } = await judge('node killed', scene)
    expect(counts.resumed).toBeGreaterThan(4)
    expect(counts.gaps).toEqual({})
  })

  it.each(LONG ? [3_000, 10_000, 40_000] : [3_000, 10_000])(
    'lose nothing when one stands still for %i ms',
    async (ms) => {
      const scene = await world()
      const { child, pid } = scene.stage.node(1).program
      child.kill('SIGSTOP')
      scene.fault('stop', String(pid))
      await pause(ms)
      child.kill('SIGCONT')
      await pause(1_000)
      await judge(`node stands still ${ms / 1_000} s`, scene)
    },
  )

  it.each(['kept', 'lost'] as const)('come back when NATS is killed and its storage is %s', async (storage) => {
    const scene = await world()
    const { nats } = scene.stage
    await nats.kill()
    scene.fault(storage === 'lost' ? 'log_lost' : 'nats_killed', 'NATS')
    await pause(8_000)
    await nats.restart(storage)
    const { counts } = await judge(`NATS killed, storage ${storage}`, scene)
    expect(counts.refused).toBeGreaterThan(0)
    if (storage === 'kept') expect(counts.gaps).toEqual({})
  })

  it('lose nothing when one is cut off from NATS', async () => {
    const scene = await world()
    const { way, name } = scene.stage.node(1)
    const allow = way.refuse()
    const cut = way.connections()
    for (const connection of cut) connection.cut()
    scene.fault('cut_off', name, cut.length)
    await until(async () => (await scene.stage.health(scene.stage.node(1))) === 503, { what: 'health to say so' })
    await pause(10_000)
    allow()
    await judge('node cut off from NATS 10 s', scene)
  })

  it('lose nothing when NATS is slow', async () => {
    const scene = await world({ natsDelayMs: 100 })
    await pause(6_000)
    const { counts } = await judge('NATS takes 200 ms', scene)
    expect(counts).toMatchObject({ refused: 0, unknown: 0, gaps: {} })
  })

  it('lose nothing when all are restarted one after the other', async () => {
    const scene = await world({ polls: true })
    for (const node of scene.stage.nodes) {
      await scene.stage.stop(node)
      scene.fault('restart', node.name)
      await scene.stage.restart(node)
      await pause(500)
    }
    const { counts } = await judge('rolling restart', scene)
    expect(counts.resumed).toBeGreaterThan(20)
    expect(counts.gaps).toEqual({})
  })
})
