import { contractSubjects } from './subjects.ts'
import { bytesOf, fence, inbox, noise, type Suite, sameBytes, textOf, until } from './suite.ts'

/** Who gets a message, in which order, and that it is the same. */
export function messageCases({ describe, withNodes, expect, sizes }: Suite): void {
  describe('messages', () => {
    withNodes('reach every other node that subscribes, with the id of their node', async ({ a, b, c }) => {
      const [atB, atC] = [await inbox(b, 'message room:1'), await inbox(c, 'message room:1')]
      a.publish('message room:1', bytesOf('hi'))
      await until(() => atB.heard.length > 0 && atC.heard.length > 0)
      expect([atB.heard, atC.heard]).toEqual([['node-a: hi'], ['node-a: hi']])
    })

    withNodes('never reach the node that publishes', async ({ a, b }) => {
      const [atA, atB] = [await inbox(a, 's'), await inbox(b, 's')]
      a.publish('s', bytesOf('mine'))
      await until(() => atB.heard.length > 0)
      b.publish('s', bytesOf('yours'))
      await until(() => atA.heard.length > 0)
      expect([atA.heard, atB.heard]).toEqual([['node-b: yours'], ['node-a: mine']])
    })

    withNodes('reach only nodes with interest in the very subject', async ({ a, b }) => {
      const others = ['message room:2', 'message room:1:x', 'message room', 'message Room:1', 'presence room:1']
      const inboxes = await Promise.all(others.map((subject) => inbox(b, subject)))
      a.publish('message room:1', bytesOf('hi'))
      await fence(a, b)
      expect(inboxes.map(({ heard }) => heard)).toEqual(others.map(() => []))
    })

    withNodes('of one node on one subject arrive in order', async ({ a, b }) => {
      const { heard } = await inbox(b, 's')
      for (let i = 0; i < 1000; i++) a.publish('s', bytesOf(String(i)))
      await until(() => heard.length >= 1000)
      expect(heard).toEqual(Array.from({ length: 1000 }, (_, i) => `node-a: ${i}`))
    })

    withNodes('arrive from the moment that subscribe resolves', async ({ a, b }) => {
      for (let round = 0; round < 50; round++) {
        const { heard } = await inbox(b, `round ${round}`)
        a.publish(`round ${round}`, bytesOf('first'))
        await until(() => heard.length > 0)
        expect(heard).toEqual(['node-a: first'])
      }
    })

    withNodes('stop at once when unsubscribed, for this subscription only', async ({ a, b }) => {
      const [first, second] = [await inbox(b, 's'), await inbox(b, 's')]
      a.publish('s', bytesOf('1'))
      await until(() => second.heard.length === 1)
      a.publish('s', bytesOf('2'))
      first.undo()
      first.undo()
      await until(() => second.heard.length === 2)
      expect([first.heard, second.heard]).toEqual([['node-a: 1'], ['node-a: 1', 'node-a: 2']])
    })

    withNodes('stop when a listener unsubscribes within its call', async ({ a, b }) => {
      const heard: string[] = []
      const undo = await b.subscribe('s', (bytes) => {
        heard.push(textOf(bytes))
        undo()
      })
      a.publish('s', bytesOf('1'))
      a.publish('s', bytesOf('2'))
      await fence(a, b)
      expect(heard).toEqual(['1'])
    })

    withNodes('come again when a subject is subscribed again', async ({ a, b }) => {
      const first = await inbox(b, 's')
      first.undo()
      const second = await inbox(b, 's')
      a.publish('s', bytesOf('again'))
      await until(() => second.heard.length > 0)
      expect([first.heard, second.heard]).toEqual([[], ['node-a: again']])
    })

    withNodes('may be published by a listener', async ({ a, b }) => {
      const { heard } = await inbox(a, 'pong')
      await b.subscribe('ping', (bytes) => b.publish('pong', bytes))
      a.publish('ping', bytesOf('x'))
      await until(() => heard.length > 0)
      expect(heard).toEqual(['node-b: x'])
    })

    withNodes('without a subscriber are kept for nobody', async ({ a, b }) => {
      a.publish('nobody', bytesOf('lost'))
      await fence(a, b)
      const { heard } = await inbox(b, 'nobody')
      await fence(a, b)
      expect(heard).toEqual([])
    })

    withNodes('survive a listener that throws, as do the other listeners', async ({ a, b }) => {
      await b.subscribe('s', () => {
        throw new Error('a fault of the listener')
      })
      const { heard } = await inbox(b, 's')
      a.publish('s', bytesOf('1'))
      a.publish('s', bytesOf('2'))
      await until(() => heard.length === 2)
      expect(heard).toEqual(['node-a: 1', 'node-a: 2'])
    })

    withNodes('carry subjects of any legal content, each apart from the others', async ({ a, b }) => {
      const inboxes = await Promise.all(contractSubjects.map((subject) => inbox(b, subject)))
      for (const [i, subject] of contractSubjects.entries()) a.publish(subject, bytesOf(String(i)))
      await fence(a, b)
      expect(inboxes.map(({ heard }) => heard)).toEqual(contractSubjects.map((_, i) => [`node-a: ${i}`]))
    })

    for (const size of sizes)
      withNodes(`carry ${size} bytes unchanged`, async ({ a, b }) => {
        const got: Uint8Array[] = []
        await b.subscribe('s', (bytes) => got.push(bytes))
        a.publish('s', noise(size))
        await until(() => got.length > 0)
        expect(got.map((bytes) => sameBytes(bytes, noise(size)))).toEqual([true])
      })
  })
}
