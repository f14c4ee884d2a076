import { phoenix, rollcallPhoenix } from './phoenix.ts'
import { plain, rollcallPlain } from './plain.ts'
import { rollcall } from './rollcall.ts'
import { rollcallSocketio, socketio } from './socketio.ts'
import type { Speech } from './speech.ts'

const speeches: ReadonlyMap<string, Speech> = new Map(
  [rollcall, plain, rollcallPlain, rollcallSocketio, socketio, phoenix, rollcallPhoenix].map((speech) => [
    speech.name,
    speech,
  ]),
)

/** @throws RangeError on a name that nobody speaks. */
export function speechOf(name: string): Speech {
  const speech = speeches.get(name)
  if (!speech) throw new RangeError(`There is no speech "${name}": use one of ${[...speeches.keys()].join(', ')}`)
  return speech
}
