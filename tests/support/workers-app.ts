// An app for `rollcall serve --workers`: a program of its own for each worker.
import { existsSync, writeFileSync } from 'node:fs'
import { phoenix } from '@rollcall/dialects/phoenix'
import { socketIo } from '@rollcall/dialects/socket.io'
import { allow, rollcall } from 'rollcall'
import { rooms } from './workers-rooms.ts'

interface Speaking {
  readonly channel: { emit(event: 'said', text: string): Promise<unknown> }
}

/** At most, should whoever made it hang be gone. */
const HANG_MS = 30_000

const { ROLLCALL_WORKER: worker = '', API_TOKEN: token = '', FAILS } = process.env
if (FAILS === 'all' || FAILS === worker) throw new Error('no database')

const handlers = {
  join: () => allow(),
  say: ({ channel }: Speaking, text: string) => channel.emit('said', text),
  where: () => ({ worker, pid: process.pid }),
  hang: (_: unknown, file: string) => {
    writeFileSync(file, '')
    const moment = new Int32Array(new SharedArrayBuffer(4))
    for (let ms = 0; existsSync(file) && ms < HANG_MS; ms += 10) Atomics.wait(moment, 0, 0, 10)
    return null
  },
  crash: (_: unknown, code: number) => process.exit(code),
}

export const app = rollcall(
  rooms,
  { 'room:{room}': handlers, 'hall:{room}': handlers },
  {
    dialects: [socketIo(), phoenix()],
    authenticate: ({ credentials }) => ({ id: String((credentials as { user?: unknown } | null)?.user) }),
    ...(token && { api: { token } }),
  },
)
