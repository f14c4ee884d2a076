import { describe, expect, it } from 'vitest'
import { dropped, failed, type Outbox, seen, sending, sent, shown } from '../web/src/model/pending.ts'
import type { Said } from '../web/src/model/timeline.ts'

function said(offset: number, text: string): Said {
  const position = { epoch: 'e', offset }
  return { kind: 'said', id: `e:${offset}`, position, text, key: 'me', name: 'Me', at: 0 }
}

const at = (offset: number) => ({ epoch: 'e', offset })
const unseen = () => false
const show = (outbox: Outbox) => shown(outbox).map(({ text, outcome }) => `${text} ${outcome.kind}`)

describe('what was sent', () => {
  const two = sending(sending([], 1, 'hi', 0), 2, 'ho', 0)

  it('is shown until its message is there', () => {
    expect(show(two)).toEqual(['hi sending', 'ho sending'])
    expect(show(seen(sent(two, 1, at(7), unseen), said(7, 'hi')))).toEqual(['ho sending'])
  })

  it('is not shown twice if the message comes before the answer', () => {
    const after = seen(two, said(7, 'hi'))
    expect(show(after)).toEqual(['ho sending'])
    expect(show(sent(after, 1, at(7), (id) => id === 'e:7'))).toEqual(['ho sending'])
    expect(sent(after, 1, at(7), (id) => id === 'e:7')).toHaveLength(1)
  })

  it('comes back if the message was another one of the same text', () => {
    const taken = seen(two, said(7, 'hi'))
    expect(show(sent(taken, 1, at(8), (id) => id === 'e:7'))).toEqual(['hi sent', 'ho sending'])
    expect(show(failed(taken, 1, 'no', false))).toEqual(['hi failed', 'ho sending'])
  })

  it('is taken in order where texts are the same', () => {
    const same = sending(sending([], 1, 'hi', 0), 2, 'hi', 0)
    const first = seen(same, said(7, 'hi'))
    expect(first.map(({ seenAs }) => seenAs)).toEqual(['e:7', null])
    expect(seen(first, said(8, 'hi')).map(({ seenAs }) => seenAs)).toEqual(['e:7', 'e:8'])
  })

  it('is done where the server tells no position', () => {
    expect(show(sent(two, 1, null, unseen))).toEqual(['ho sending'])
  })

  it('can fail and be dropped', () => {
    const after = failed(two, 2, 'too fast', true)
    expect(after[1]?.outcome).toEqual({ kind: 'failed', why: 'too fast', unsure: true })
    expect(show(dropped(after, 2))).toEqual(['hi sending'])
    expect(show(seen(after, said(9, 'ho')))).toEqual(['hi sending', 'ho failed'])
  })
})
