import { parseArgs } from 'node:util'
import { fuzzConnections, fuzzDecoders, type Report } from './fuzz.ts'

// `npm run fuzz -- --seed 7 --inputs 1000000 --only decoders`: see README.md.

const { values } = parseArgs({
  options: { seed: { type: 'string' }, inputs: { type: 'string' }, only: { type: 'string' } },
})
const seed = Number(values.seed ?? Date.now() % 1_000_000_000)
const inputs = Number(values.inputs ?? 100_000)
if (!Number.isSafeInteger(seed) || !(inputs > 0)) throw new RangeError('--seed and --inputs must be whole numbers')

console.log(`seed ${seed}, ${inputs} inputs`)
let failed = false

// Somebody who listens to nothing would let the process die: that is the fault that is looked for.
process.on('uncaughtException', (error) => {
  console.log(`UNCAUGHT with seed ${seed}: ${error.stack}`)
  process.exit(1)
})

async function part(name: string, share: number, run: typeof fuzzDecoders): Promise<void> {
  if (values.only !== undefined && values.only !== name) return
  const wanted = values.only === undefined ? Math.ceil(inputs * share) : inputs
  let said = performance.now()
  const report = await run({
    seed,
    inputs: wanted,
    progress(done) {
      if (performance.now() - said < 5_000) return
      said = performance.now()
      console.log(`  ${name}: ${done}`)
    },
  })
  print(name, report)
}

function print(name: string, { inputs, seconds, faults, bytes, sockets, missing, opened, closes }: Report): void {
  const total = Object.values(inputs).reduce((sum, count) => sum + count, 0)
  console.log(`${name}: ${total} inputs in ${seconds.toFixed(1)} s, ${Math.round(total / seconds)} a second`)
  for (const [target, count] of Object.entries(inputs)) console.log(`  ${target}: ${count}`)
  if (opened > 0) console.log(`  opened ${opened}, closed by the server with ${JSON.stringify(closes)}`)
  console.log(`  left behind: ${(bytes / 1_048_576).toFixed(1)} MiB, ${sockets} sockets`)
  for (const reason of missing) console.log(`  left out: ${reason}`)
  for (const fault of faults) console.log(`FAULT with seed ${seed}: ${fault}`)
  failed ||= faults.length > 0 || sockets > 0 || bytes > 16 * 1_048_576
}

await part('decoders', 0.6, fuzzDecoders)
await part('connections', 0.4, fuzzConnections)
process.exit(failed ? 1 : 0)
