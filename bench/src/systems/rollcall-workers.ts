// Rollcall by its command, served by several processes.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { stage } from './stage.ts'

// This file runs bundled, in bench/dist/systems.
const command = join(import.meta.dirname, '../command/main.js')
const app = join(import.meta.dirname, '../chat-app.js')

stage(async ({ workers }) => {
  const args = [command, 'serve', app, '--port', '0', '--workers', String(workers)]
  const primary = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  process.on('exit', () => primary.kill('SIGKILL'))
  for await (const line of createInterface({ input: primary.stdout })) {
    const [, port] = /^listening on http:.*:(\d+) with/.exec(line) ?? []
    if (port !== undefined) return { port: Number(port), versions: { node: process.versions.node } }
  }
  throw new Error('The command ended before it listened')
})
