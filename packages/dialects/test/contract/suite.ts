import { afterEach, beforeEach, describe, expect } from 'vitest'
import { hostile } from './hostile.ts'
import { joining } from './joining.ts'
import { leaving } from './leaving.ts'
import { limits } from './limits.ts'
import { messages } from './messages.ts'
import type { Part } from './part.ts'
import { presence } from './presence.ts'
import { slow } from './slow.ts'
import type { Subject } from './subject.ts'
import { World } from './world.ts'

/**
 * What every dialect must do, against a listening server: join, refused join, send, acknowledgement, order, presence,
 * leave, kick, close, too big, too deep, too many channels, behind and catching up, and nasty input.
 */
export function dialectContract(name: string, make: () => Subject): void {
  describe(`${name} keeps the contract of dialects:`, () => {
    const subject = make()
    let world: World
    beforeEach(async () => {
      world = new World(subject)
      await world.open()
    })
    afterEach(async () => {
      await world.close()
      expect(world.errors).toEqual([])
    })
    const part: Part = { subject, world: () => world, has: (lack) => !subject.lacks.includes(lack) }
    for (const cases of [joining, messages, presence, leaving, limits, slow, hostile]) cases(part)
  })
}
