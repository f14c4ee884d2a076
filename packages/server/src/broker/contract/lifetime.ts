import { bytesOf, failureOf, fence, inbox, type Suite } from './suite.ts'

const nothing = new Uint8Array()

/** Health, and the end. */
export function lifetimeCases({ describe, withNodes, expect }: Suite): void {
  describe('lifetime', () => {
    withNodes('a broker that is reachable is healthy', async ({ a, b, c }) => {
      expect([a.healthy, b.healthy, c.healthy]).toEqual([true, true, true])
      const undo = a.onHealth(() => {})
      undo()
      undo()
    })

    withNodes('a broker knows its id', async ({ a, b, c }) => {
      expect([a.node, b.node, c.node]).toEqual(['node-a', 'node-b', 'node-c'])
    })

    withNodes('close may be called twice, and at once', async ({ a }) => {
      await Promise.all([a.close(), a.close()])
      await a.close()
    })

    withNodes('a closed broker hears nothing more', async ({ a, b, c }) => {
      const { heard, undo } = await inbox(b, 's')
      await b.close()
      a.publish('s', bytesOf('late'))
      await fence(a, c)
      expect(heard).toEqual([])
      undo()
    })

    withNodes('a closed broker does no harm: publishing goes nowhere, the rest is refused', async ({ a, b, c }) => {
      const { heard } = await inbox(b, 's')
      await a.close()
      a.publish('s', bytesOf('late'))
      expect(await failureOf(() => a.ask('node-b', 'q', nothing, 60_000))).toBe('NobodyThere')
      expect(await failureOf(() => a.subscribe('s', () => {}))).toBe('Error')
      expect(await failureOf(() => a.respond('q', (bytes) => bytes))).toBe('Error')
      await fence(c, b)
      expect(heard).toEqual([])
    })

    withNodes('a closed broker is unknown to the others', async ({ a, b, c }) => {
      await b.respond('q', (bytes) => bytes)
      await b.close()
      await fence(c, a)
      expect(await failureOf(() => a.ask('node-b', 'q', nothing, 60_000))).toBe('NobodyThere')
    })
  })
}
