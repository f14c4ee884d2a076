import { frame, ping, text } from '../../../support/frames.ts'
import { type Case, FAILS, textOf, writes } from '../case.ts'

const good = 'Hello, world!'

const group = (id: string, first: number): Case[] =>
  [false, true, false, true, true].map((filled, i): Case => {
    const opcode = first + i
    const reserved = frame(opcode, filled ? 'reserved opcode' : '')
    const alone = i < 2
    return {
      id: `${id}.${i + 1}`,
      name: `opcode ${opcode} ${filled ? 'with a payload' : 'without a payload'}${alone ? '' : ', between a good text and a ping'}`,
      steps: alone ? writes(reserved, ping()) : writes(text(good), reserved, ping()),
      expected: alone ? [] : [textOf(good)],
      ending: FAILS,
    }
  })

/** Category 4: reserved opcodes, of data and of control frames. */
export const opcodes: readonly Case[] = [...group('4.1', 3), ...group('4.2', 11)]
