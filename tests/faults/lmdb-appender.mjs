// A process to be killed: opens the log in a folder, appends without end, and prints what was accepted, when it was:
// `lmdb-appender.mjs FOLDER ACCEPTED FIRST_NUMBER [TOPICS]`. Payloads are numbers that rise within a topic.
import { writeSync } from 'node:fs'
import { systemClock, systemRandom } from '@rollcall/core'
import { lmdbLog } from '@rollcall/lmdb'

const [folder = '', accepted = 'written', first = '1', topics = '20'] = process.argv.slice(2)
const retention = { messages: 1_000_000, ageMs: 86_400_000, bytes: 1 << 30 }
const options = { folder, accepted: /** @type {'written'} */ (accepted), clock: systemClock, random: systemRandom }

let log
try {
  log = await lmdbLog(options)
} catch (error) {
  writeSync(1, `refused ${error instanceof Error && 'fault' in error ? error.fault : error}\n`)
  process.exit(3)
}
writeSync(1, `open ${(await log.top('topic-0')).epoch}\n`)

let number = Number(first)
// All topics at once, several appends of each under way: transactions hold many topics, and kills come at any place.
await Promise.all(
  Array.from({ length: Number(topics) * 4 }, async (_, i) => {
    const topic = `topic-${i % Number(topics)}`
    for (;;) {
      const mine = number++
      const text = mine % 97 === 0 ? 'x'.repeat(9_000) : 'hello'
      const record = { event: 'message', payload: { mine, text }, from: null, at: mine }
      const { position } = await log.append(topic, record, { retention, idempotencyKey: `key-${mine}` })
      writeSync(1, `${topic} ${position.offset} ${mine}\n`)
      if (accepted === 'memory' && mine % 50 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
  }),
)
