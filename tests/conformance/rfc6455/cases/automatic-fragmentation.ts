import { fragmented, TEXT } from '../../../support/frames.ts'
import { type Case, CLEAN, textOf, writes } from '../case.ts'

const payload = Buffer.alloc(65_536, 0x2a)

/** Category 10: one case. Our own sender never fragments, so there is no more to see. */
export const automaticFragmentation: readonly Case[] = [
  {
    id: '10.1.1',
    name: 'a text of 65536 bytes in fragments of 1300',
    steps: writes(...fragmented(TEXT, payload, 1300)),
    expected: [textOf(payload)],
    ending: CLEAN,
  },
]
