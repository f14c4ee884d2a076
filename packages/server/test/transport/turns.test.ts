import type { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { serve } from '../http/support.ts'

const words = (who: string, count: number) => Array.from({ length: count }, (_, i) => `${who} ${i}`)

test('messages that come all at once take turns with those of others, and keep their order', async () => {
  const { join } = await serve()
  const [flood, other, witness] = await Promise.all([
    join('room:a', 'flood'),
    join('room:a', 'other'),
    join('room:a', 'w'),
  ])
  const { _socket: tcp } = flood.socket as unknown as { readonly _socket: Socket }
  tcp.cork()
  for (const [i, word] of words('flood', 190).entries())
    flood.socket.send(JSON.stringify(['send', i + 2, 'room:a', 'message', word]))
  // One write, one segment of the loopback interface, one read.
  tcp.uncork()
  other.socket.send(JSON.stringify(['send', 2, 'room:a', 'message', 'other 0']))
  await witness.until(() => witness.of('message').length === 191)
  const heard = witness.of('message').map(([, , , text]) => text as string)
  expect(heard.filter((text) => text.startsWith('flood'))).toEqual(words('flood', 190))
  expect(heard.indexOf('other 0')).toBeLessThan(130)
})
