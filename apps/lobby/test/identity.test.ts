import type { Credentials, Refused, User } from 'rollcall'
import { describe, expect, it } from 'vitest'
import { identify } from '../src/identity.ts'

const SECRET = 'AAAAAAAAAAAAAAAAAAAAAA'

function ask(credentials: unknown): User | Refused {
  return identify({ credentials, connection: 'c1' } as unknown as Credentials) as User | Refused
}

describe('identify', () => {
  it('names whoever shows a secret by its hash, the same one each time', () => {
    expect(ask({ secret: SECRET })).toEqual({ id: 'BhttbYJjx7MDhvltVrtKtD' })
    expect(ask({ secret: SECRET })).toEqual(ask({ secret: SECRET }))
  })

  it('makes another person of another secret, and of the id of somebody else', () => {
    const { id } = ask({ secret: SECRET }) as User
    expect((ask({ secret: 'AAAAAAAAAAAAAAAAAAAAAB' }) as User).id).not.toBe(id)
    expect((ask({ secret: id }) as User).id).not.toBe(id)
  })

  it('makes a guest of the connection of whoever shows none', () => {
    for (const nothing of [undefined, null, {}, [], 'x', 7]) expect(ask(nothing)).toEqual({ id: 'guest:c1' })
    expect(ask({ name: ' Tyr ' })).toEqual({ id: 'guest:c1', name: 'Tyr' })
  })

  it('takes a name only if it is one', () => {
    expect(ask({ name: '' })).toEqual({ id: 'guest:c1' })
    expect(ask({ name: { toString: 1 } })).toEqual({ id: 'guest:c1' })
    expect((ask({ name: 'x'.repeat(1000) }) as User & { name: string }).name).toHaveLength(40)
  })

  it.each([[''], ['short'], [SECRET.slice(1)], ['A'.repeat(87)], [`${SECRET}\0`], [`${SECRET} `], [7], [null], [{}]])(
    'refuses %o as a secret',
    (secret) => {
      expect(ask({ secret })).toMatchObject({ allowed: false, refusal: { code: 'refused' } })
    },
  )
})
