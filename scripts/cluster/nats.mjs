import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { StepFailure } from '../step.mjs'
import { startProgram } from './child.mjs'

const PATIENCE_MS = 10_000

/**
 * Starts a nats-server with JetStream on a free port of this machine, its files in `folder`.
 *
 * @param {string} command
 * @param {string} folder
 */
export async function startNats(command, folder) {
  const args = ['-a', '127.0.0.1', '-p', '-1', '-js', '-sd', folder, '--ports_file_dir', folder]
  const child = startProgram(command, args)
  const deadline = performance.now() + PATIENCE_MS
  for (let found; ; found = readPorts(folder)) {
    if (found) return { child, ...found }
    if (child.hasEnded || performance.now() > deadline) {
      await child.end('SIGTERM')
      throw new StepFailure(`${command} did not start`)
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/**
 * It writes its addresses into a file that is named after its process.
 *
 * @param {string} folder
 * @returns {{ url: string, pid: string } | undefined}
 */
function readPorts(folder) {
  const name = readdirSync(folder).find((each) => each.endsWith('.ports'))
  if (!name) return undefined
  try {
    const url = JSON.parse(readFileSync(join(folder, name), 'utf8')).nats?.[0]
    return url ? { url, pid: name.match(/_(\d+)\.ports$/)?.[1] ?? '' } : undefined
  } catch {
    // Not written to its end yet.
    return undefined
  }
}
