import { join } from 'node:path'
import { systemClock, systemRandom } from '@rollcall/core'
import { lmdbLog } from '@rollcall/lmdb'
import { chat } from '../chat.ts'
import { stage } from './stage.ts'

stage(async ({ history, folder }) => {
  const place = { folder: join(folder, 'log'), clock: systemClock, random: systemRandom }
  const app = chat(history === 'lmdb' ? { log: await lmdbLog(place) } : {})
  const { port } = await app.listen({ port: 0 })
  return { port, versions: { node: process.versions.node } }
})
