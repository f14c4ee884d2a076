// The program of a worker of `rollcall serve --workers`: serves the app with what the primary shares among all.
import { Socket } from 'node:net'
import { systemClock } from '@rollcall/core'
import { provideSurroundings } from '../surroundings.ts'
import { colleaguesOf } from '../workers/colleagues.ts'
import { Line } from '../workers/line.ts'
import { type FromWorker, LINE_FD, type ToWorker } from '../workers/orders.ts'
import { Relay } from '../workers/relay.ts'
import { openWorkerEnd } from '../workers/worker-end.ts'
import { Failure } from './faults.ts'
import { loadApp } from './load.ts'
import { listenFailure } from './serve-options.ts'
import { stopOnSignal } from './stopping.ts'

type Plan = Extract<ToWorker, { kind: 'serve' }>

// What is there to be stopped before the app listens.
let stop: () => void = () => process.exit(0)

process.on('message', (order: ToWorker) => {
  if (order.kind === 'stop') stop()
  else void serve(order)
})
// The primary's to answer: a terminal tells all processes.
process.on('SIGHUP', () => {})
void tell({ kind: 'ready' })

async function serve(plan: Plan): Promise<void> {
  try {
    process.exit(await run(plan))
  } catch (error) {
    const message = error instanceof Failure ? error.message : error instanceof Error ? error.stack : String(error)
    await tell({ kind: 'failed', message: message ?? '' })
    process.exit(1)
  }
}

async function run(plan: Plan): Promise<number> {
  const { file, port, host, number, node } = plan
  const report = (error: unknown) => {
    process.stderr.write(`rollcall: worker ${number}: ${error instanceof Error ? error.stack : String(error)}\n`)
  }
  const line = new Line(new Socket({ fd: LINE_FD }), systemClock)
  const { broker, log } = openWorkerEnd(line, { node, clock: systemClock, report })
  const relay = plan.folder === null ? null : new Relay({ ...plan, folder: plan.folder, peers: () => broker.peers })
  provideSurroundings({ broker, log, colleagues: colleaguesOf({ number, broker, relay, report }) })
  const app = await loadApp(file)
  process.on('exit', () => relay?.cleanUp())
  await relay?.open(app).catch((error: unknown) => {
    report(new Error('Clients that poll are not served well, since requests cannot be passed on', { cause: error }))
  })
  const stopping = stopOnSignal(
    () => app.close().then(() => true),
    () => {},
  )
  stop = stopping.stop
  const { url } = await app.listen({ port, host }).catch((error: unknown) => {
    throw listenFailure(error, { port, host })
  })
  await tell({ kind: 'serving', url })
  return stopping.code
}

function tell(message: FromWorker): Promise<void> {
  return new Promise((resolve) => {
    if (process.send) process.send(message, () => resolve())
    else resolve()
  })
}
