import { bytesOf, fence, type Suite, services, textOf } from './suite.ts'

const nothing = new Uint8Array()

/** What is special about a service: several may provide it. */
export function serviceCases({ describe, withNodes, expect, services: when }: Suite): void {
  describe('services', () => {
    withNodes(
      'each request is answered by exactly one of several providers, and each provider gets some',
      async ({ a, b, c }) => {
        const answered: string[] = []
        const provide = (id: string) => (bytes: Uint8Array) => {
          answered.push(id)
          return bytes
        }
        await services(b).provide('q', provide('b'))
        await services(c).provide('q', provide('c'))
        for (let i = 0; i < 100; i++) await services(a).request('q', nothing, 5000)
        expect(answered.length).toBe(100)
        expect([...new Set(answered)].sort()).toEqual(['b', 'c'])
      },
      when,
    )

    withNodes(
      'two providers on one node share its requests',
      async ({ a, b }) => {
        await services(b).provide('q', () => bytesOf('1'))
        const stop = await services(b).provide('q', () => bytesOf('2'))
        const ask = async () => textOf(await services(a).request('q', nothing, 5000))
        const answers = new Set([await ask(), await ask(), await ask(), await ask()])
        expect([...answers].sort()).toEqual(['1', '2'])
        stop()
        await fence(b, a)
        expect([await ask(), await ask(), await ask()]).toEqual(['1', '1', '1'])
      },
      when,
    )

    withNodes(
      'a provider on the asking node is preferred',
      async ({ a, b }) => {
        await services(b).provide('q', () => bytesOf('far'))
        await services(a).provide('q', () => bytesOf('near'))
        for (let i = 0; i < 10; i++) expect(textOf(await services(a).request('q', nothing, 5000))).toBe('near')
      },
      when,
    )

    withNodes(
      'the others go on when one provider stops',
      async ({ a, b, c }) => {
        const stop = await services(b).provide('q', () => bytesOf('b'))
        await services(c).provide('q', () => bytesOf('c'))
        stop()
        await fence(b, a)
        for (let i = 0; i < 10; i++) expect(textOf(await services(a).request('q', nothing, 5000))).toBe('c')
      },
      when,
    )
  })
}
