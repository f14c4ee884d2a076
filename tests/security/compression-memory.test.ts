import { constants, deflateRawSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { frame, TEXT } from '../support/frames.ts'
import { usedBytes } from '../support/memory.ts'
import { stage } from './stage.ts'

const COUNT = 2_000
const compressed = (text: string) =>
  frame(TEXT, deflateRawSync(text, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4), { rsv: 4 })

/** What a connection costs that has said hello and has sent and got a message of 4 KB; with the client's end, in bytes. */
async function perConnection(compression: boolean): Promise<number> {
  const server = await stage({ ...(compression && { compression: {} }), limits: { helloMs: 60_000 } })
  const headers = { 'sec-websocket-protocol': 'rollcall.v1', 'sec-websocket-extensions': 'permessage-deflate' }
  const long = 'again and again '.repeat(256)
  const say = (text: string) => (compression ? compressed(text) : frame(TEXT, text))
  const open = async () => {
    const raw = await server.ask('/rollcall', { headers })
    raw.write(Buffer.concat([say('["hello",{}]'), say('["join",1,"room:a"]')]))
    raw.write(say(`["call",2,"room:a","double",1${' '.repeat(4_000)}]`))
    await raw.until(() => raw.frames.length === 3, 'the answers')
    return raw
  }
  await (await open()).gone()
  const before = await usedBytes()
  const raws = []
  for (let i = 0; i < COUNT; i += 100) raws.push(...(await Promise.all(Array.from({ length: 100 }, open))))
  for (const raw of raws) raw.frames.length = 0
  await server.app.channel('room:a').emit('message', long)
  await Promise.all(raws.map((raw) => raw.until(() => raw.frames.length === 1, 'the message')))
  for (const raw of raws) raw.frames.length = 0
  return ((await usedBytes()) - before) / COUNT
}

test('compression costs an idle connection next to nothing', async () => {
  const [without, withIt] = [await perConnection(false), await perConnection(true)]
  console.info(`a connection with its client: ${without.toFixed(0)} bytes, with compression ${withIt.toFixed(0)}`)
  expect(withIt - without).toBeLessThan(2_048)
})
