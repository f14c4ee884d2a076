import { describe, expect, it } from 'vitest'
import { Memory, type Shelf } from '../web/src/model/memory.ts'
import { LOBBY_ROOM } from '../web/src/model/rooms.ts'

function shelf(texts: Record<string, string> = {}): Shelf & { readonly texts: Map<string, string> } {
  const map = new Map(Object.entries(texts))
  return { texts: map, getItem: (key) => map.get(key) ?? null, setItem: (key, value) => void map.set(key, value) }
}

const SECRET = 'AAAAAAAAAAAAAAAAAAAAAA'

describe('memory', () => {
  it('makes a secret once', () => {
    const memory = new Memory(shelf())
    expect(memory.secret(() => SECRET)).toBe(SECRET)
    expect(memory.secret(() => 'B'.repeat(22))).toBe(SECRET)
  })

  it('makes a new one in the place of what cannot be one', () => {
    expect(new Memory(shelf({ 'rollcall-lobby:secret': 'short' })).secret(() => SECRET)).toBe(SECRET)
  })

  it('holds what it was given', () => {
    const memory = new Memory(shelf())
    memory.name = 'Ada'
    memory.theme = 'dark'
    memory.setLastRead('room:lobby', { epoch: 'e-1', offset: 42 })
    expect([memory.name, memory.theme, memory.lastRead('room:lobby')]).toEqual([
      'Ada',
      'dark',
      { epoch: 'e-1', offset: 42 },
    ])
    expect(memory.lastRead('room:other')).toBeNull()
  })

  it.each([
    ['name', ''],
    ['name', '   '],
    ['name', 'x'.repeat(41)],
    ['theme', 'purple'],
    ['read:room:lobby', ''],
    ['read:room:lobby', 'e'],
    ['read:room:lobby', 'e '],
    ['read:room:lobby', 'e -1'],
    ['read:room:lobby', 'e 1.5'],
    ['read:room:lobby', 'e x'],
    ['rooms', '{"__proto__":1}'],
  ])('does not trust %s = %o', (name, value) => {
    const memory = new Memory(shelf({ [`rollcall-lobby:${name}`]: value }))
    expect(memory.name).toBeNull()
    expect(memory.theme).toBe('system')
    expect(memory.lastRead('room:lobby')).toBeNull()
    expect(memory.rooms).toEqual([LOBBY_ROOM])
  })

  it('does without a shelf, and with one that refuses', () => {
    const refusing: Shelf = {
      getItem: () => {
        throw new Error('no')
      },
      setItem: () => {
        throw new Error('no')
      },
    }
    for (const memory of [new Memory(null), new Memory(refusing)]) {
      memory.name = 'Ada'
      expect(memory.name).toBeNull()
      expect(memory.secret(() => SECRET)).toBe(SECRET)
    }
  })
})
