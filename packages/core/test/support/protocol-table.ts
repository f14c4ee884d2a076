import { readFileSync } from 'node:fs'

/** The protocol's description. */
export const protocol: string = readFileSync(new URL('../../src/protocol/PROTOCOL.md', import.meta.url), 'utf8')

/** The lines of the fenced blocks of a kind. */
export function fenced(kind: string): string[] {
  const blocks = [...protocol.matchAll(new RegExp(`^\`\`\`${kind}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))]
  return blocks.flatMap(([, block = '']) => block.trim().split('\n'))
}

export interface BadInput {
  readonly name: string
  /** A header, or the messages in order. */
  readonly sent: readonly (string | Uint8Array)[]
  readonly answer: string
}

/** The rows of the table of bad input, with what they stand for written out. */
export function badInput(): BadInput[] {
  const [, table = ''] = protocol.split('| case | sent | answer |')
  return table
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| ---'))
    .map((line) => {
      const [name = '', sent = '', answer = ''] = line.slice(2, -2).split(' | ')
      return { name, sent: messages(sent), answer: answer.replaceAll('`', '') }
    })
}

function messages(cell: string): (string | Uint8Array)[] {
  const [, kind = '', times = '1'] = /^((\d+) times|hex)? ?`/.exec(cell)?.map((part) => part ?? '') ?? []
  const frames = [...cell.matchAll(/`([^`]*)`/g)].map(([, frame = '']) => frame)
  if (kind === 'hex') return frames.map((hex) => Uint8Array.from(hex.split(' '), (byte) => Number.parseInt(byte, 16)))
  const whole = frames.map((frame) => frame.replaceAll(/\{(\d+) × (.)\}/g, (_, n, text) => text.repeat(Number(n))))
  return Array.from({ length: Number(times || 1) }, (_, i) =>
    whole.map((frame) => frame.replaceAll('#', `${i + 1}`)),
  ).flat()
}
