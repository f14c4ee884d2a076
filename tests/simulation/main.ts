// `npm run simulate -- --seed N` runs one seed and tells what it found; `--seeds N [--from M]` runs many.

import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { toLines, type WireEvent } from '@rollcall/testkit'
import { faultsOf, shrink } from './shrink.ts'
import { isSound, type Run, simulate } from './simulate.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string' },
    from: { type: 'string', default: '1' },
    history: { type: 'string' },
    trace: { type: 'string' },
    shrink: { type: 'boolean', default: false },
  },
})

function tell(run: Run): void {
  console.log(run.scenario)
  for (const { at, ...step } of run.steps) console.log(String(at).padStart(6), JSON.stringify(step))
  console.log(run.report.counts, run.network, run.wire, run.slow)
  for (const { rule, anomaly, message, records } of run.report.anomalies) {
    console.log(`${rule}: ${anomaly}: ${message}`)
    for (const record of records) console.log('    ', JSON.stringify(record))
  }
  for (const what of run.broken) console.log(`broken: ${what}`)
}

function trace(atMs: number, event: WireEvent): void {
  if (event.client !== values.trace) return
  const { client, node, connection, kind } = event
  const what = kind === 'message' ? `${event.direction === 'up' ? '>' : '<'} ${event.payload}` : kind
  console.log(`${String(atMs).padStart(6)} ${client} ${node} ${connection} ${what}`)
}

if (values.seed !== undefined) {
  const seed = Number(values.seed)
  const { steps } = values.shrink ? await shrink(seed) : await simulate(seed)
  const run = await simulate(seed, { steps, ...(values.trace !== undefined && { trace }) })
  tell(run)
  if (values.history) writeFileSync(values.history, toLines(run.records))
  if (!isSound(run)) process.exitCode = 1
} else {
  const from = Number(values.from)
  const count = Number(values.seeds ?? 1_000)
  const start = performance.now()
  let failed = 0
  for (let seed = from; seed < from + count; seed++) {
    const run = await simulate(seed)
    if (isSound(run)) continue
    failed++
    console.log(`seed ${seed}: ${faultsOf(run).slice(0, 4).join('; ')}`)
  }
  const seconds = (performance.now() - start) / 1000
  console.log(`${count} seeds, ${failed} failed, ${seconds.toFixed(1)} s`)
  if (failed > 0) process.exitCode = 1
}
