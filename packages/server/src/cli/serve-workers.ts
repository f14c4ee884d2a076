import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { systemClock, systemRandom } from '@rollcall/core'
import { memoryLog } from '../log/memory.ts'
import { Crew } from '../workers/crew.ts'
import { Failure } from './faults.ts'
import { loadLog } from './load.ts'
import type { ServeOptions } from './serve-options.ts'
import { sayStopping, stopOnSignal } from './stopping.ts'

// Beside this file, whether that is the source or what was built of it.
const program = fileURLToPath(new URL(`./serve-worker${extname(import.meta.url)}`, import.meta.url))

/** `rollcall serve --workers`: has an app served by several processes until it is told to stop. */
export async function serveWorkers({ file, port, host, log: logFile }: ServeOptions, workers: number): Promise<number> {
  const own = { clock: systemClock, random: systemRandom }
  const log = logFile === null ? memoryLog({ ...own, report: (error) => say(String(error)) }) : await loadLog(logFile)
  const crew = new Crew({ ...own, program, file, port, host, workers, log, say })
  let told = false
  const close = async () => {
    told = true
    const well = await crew.close()
    await log.close()
    return well
  }
  const { stop, code } = stopOnSignal(close, sayStopping)
  try {
    await crew.open()
  } catch (error) {
    if (told) return code
    // What is open would keep the process.
    await log.close()
    throw new Failure(error instanceof Error ? error.message : String(error))
  }
  // A terminal that is closed says the same as one who wants the workers replaced; only with a terminal it can be the first.
  process.on('SIGHUP', () => {
    if (process.stdout.isTTY) stop()
    else crew.renew().catch((error: unknown) => say(`The workers could not be replaced: ${error}`))
  })
  process.stdout.write(`listening on ${crew.url} with ${workers} ${workers === 1 ? 'worker' : 'workers'}\n`)
  return code
}

function say(line: string): void {
  process.stderr.write(`rollcall: ${line}\n`)
}
