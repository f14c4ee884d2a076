import { errorOf, type Position } from '@rollcall/core'
import { describe, expect, it } from 'vitest'
import { Conversation } from '../web/src/model/conversation.ts'
import { shown } from '../web/src/model/pending.ts'
import type { Item } from '../web/src/model/timeline.ts'
import { FakeRoom, HandClock, messageOf } from './fake-room.ts'

/** A conversation of `me`, with a room and a clock in the test's hand. */
function begin({ lastRead = null, watched = true }: { lastRead?: Position | null; watched?: boolean } = {}) {
  const room = new FakeRoom()
  const clock = new HandClock()
  const read: number[] = []
  const announced: string[] = []
  const conversation = new Conversation(room.room, 'Me', {
    self: 'me',
    clock,
    lastRead,
    read: ({ offset }) => void read.push(offset),
    announce: (text) => void announced.push(text),
  })
  conversation.watch(watched)
  const line = () => conversation.state.get().timeline.items.map(showItem).join(' ')
  const news = () => [conversation.state.get().unread, conversation.state.get().firstNew]
  const outbox = () => shown(conversation.state.get().outbox).map(({ text, outcome }) => `${text} ${outcome.kind}`)
  return { room, clock, read, announced, conversation, line, news, outbox }
}

function showItem(item: Item): string {
  if (item.kind === 'said') return item.text
  if (item.kind === 'missed') return `⟨${item.reading}⟩`
  if (item.kind === 'away') return `away:${item.count}`
  return `+${item.joined.map(({ key }) => key)}-${item.left.map(({ key }) => key)}`
}

const log = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => messageOf(from + i, 'ada'))

describe('a first visit', () => {
  it('begins with the newest page, and nothing of it is new', async () => {
    const { room, conversation, line, news, read } = begin()
    room.log = log(1, 60)
    await room.enter(60)
    expect(line().split(' ')).toHaveLength(50)
    expect(conversation.state.get().timeline.older).toBe('more')
    expect(news()).toEqual([0, null])
    expect(read.at(-1)).toBe(60)
    await conversation.readOlder()
    expect(line().split(' ')).toHaveLength(60)
    expect(conversation.state.get().timeline.older).toBe('all')
  })

  it('asks for nothing where nothing was said', async () => {
    const { room, conversation } = begin()
    room.historyFails = true
    await room.enter(0)
    expect(conversation.state.get().timeline).toEqual({ older: 'all', items: [] })
  })

  it('says when the page could not be read, and reads it again', async () => {
    const { room, conversation, line } = begin()
    room.log = log(1, 2)
    room.historyFails = true
    await room.enter(2)
    expect(conversation.state.get().timeline.older).toBe('failed')
    room.historyFails = false
    await conversation.readOlder()
    expect(line()).toBe('1 2')
  })
})

describe('a later visit', () => {
  it('marks what came since, whether the room is in front or not', async () => {
    for (const watched of [true, false]) {
      const { room, news, read } = begin({ lastRead: { epoch: 'e', offset: 2 }, watched })
      room.log = [...log(1, 2), messageOf(3, 'me'), ...log(4, 5)]
      await room.enter(5)
      expect(news()).toEqual([watched ? 0 : 2, 'e:4'])
      expect(read).toEqual(watched ? [5] : [])
    }
  })

  it('marks nothing of a log that is another one', async () => {
    const { room, news } = begin({ lastRead: { epoch: 'old', offset: 2 }, watched: false })
    room.log = log(1, 5)
    await room.enter(5)
    expect(news()).toEqual([0, null])
  })
})

describe('messages', () => {
  it('are read while the room is in front, and count as unread while it is not', async () => {
    const { room, conversation, news, read, announced } = begin()
    await room.enter(0)
    room.hear(1, 'ada')
    expect([news(), read, announced]).toEqual([[0, null], [1], ['ada: 1']])
    conversation.watch(false)
    room.hear(2, 'me')
    room.hear(3, 'ada')
    room.hear(4, 'ada')
    expect([news(), read, announced]).toEqual([[2, 'e:3'], [1], ['ada: 1']])
    conversation.watch(true)
    expect([news(), read]).toEqual([
      [0, 'e:3'],
      [1, 4],
    ])
    conversation.watch(false)
    expect(news()).toEqual([0, null])
  })

  it('are read where another tab has read them', async () => {
    const { room, conversation, news } = begin({ watched: false })
    await room.enter(0)
    for (const offset of [1, 2, 3]) room.hear(offset, 'ada')
    conversation.readElsewhere({ epoch: 'e', offset: 2 })
    expect(news()).toEqual([1, 'e:3'])
    conversation.readElsewhere({ epoch: 'e', offset: 1 })
    expect(news()).toEqual([1, 'e:3'])
  })

  it('that were missed are counted in a line of their own', async () => {
    const { room, line, news, announced } = begin()
    await room.enter(0)
    room.hear(1, 'ada')
    room.turn({ kind: 'rejoining' })
    room.turn({ kind: 'joined' })
    room.hear(2, 'ada', { recovered: true })
    room.hear(3, 'me', { recovered: true })
    room.hear(4, 'ada', { recovered: true })
    room.hear(5, 'ada')
    expect(line()).toBe('1 away:2 2 3 4 5')
    expect(news()).toEqual([0, null])
    expect(announced).toEqual(['ada: 1', 'ada: 5'])
  })

  it('that are missing are read from what the log still has', async () => {
    const { room, line } = begin()
    await room.enter(0)
    room.hear(1, 'ada')
    room.log = log(6, 9)
    await room.miss({ reason: 'too_old', after: { epoch: 'e', offset: 1 }, position: { epoch: 'e', offset: 9 } })
    expect(line()).toBe('1 ⟨all⟩ 6 7 8 9')
    room.hear(10, 'ada')
    expect(line()).toBe('1 ⟨all⟩ 6 7 8 9 10')
  })

  it('that are missing can be read later where that fails', async () => {
    const { room, conversation, line } = begin()
    await room.enter(0)
    room.hear(1, 'ada')
    room.historyFails = true
    await room.miss({ reason: 'unavailable', after: { epoch: 'e', offset: 1 }, position: { epoch: 'e', offset: 3 } })
    expect(line()).toBe('1 ⟨failed⟩')
    room.historyFails = false
    room.log = log(1, 3)
    await conversation.readOlder('missed:e:3')
    expect(line()).toBe('1 2 3')
  })
})

describe('sending', () => {
  it('shows what is on its way until it is there', async () => {
    const { room, conversation, outbox, line } = begin()
    await room.enter(0)
    conversation.send('hi')
    expect(outbox()).toEqual(['hi sending'])
    await room.sends[0]?.accept(1)
    expect(outbox()).toEqual(['hi sent'])
    room.hear(1, 'me', { text: 'hi' })
    expect([outbox(), line()]).toEqual([[], 'hi'])
  })

  it('shows what failed, and sends it again or lets it go', async () => {
    const { room, conversation, outbox } = begin()
    await room.enter(0)
    conversation.send('one')
    conversation.send('two')
    await room.sends[0]?.refuse(errorOf({ code: 'rate_limited', message: 'Too fast' }))
    await room.sends[1]?.refuse(errorOf({ code: 'timeout', message: 'No answer' }))
    expect(conversation.state.get().outbox.map(({ outcome }) => outcome)).toEqual([
      { kind: 'failed', why: 'Too fast', unsure: false },
      { kind: 'failed', why: 'No answer', unsure: true },
    ])
    conversation.retry(1)
    conversation.discard(2)
    expect(outbox()).toEqual(['one sending'])
    expect(room.sends.map(({ text }) => text)).toEqual(['one', 'two', 'one'])
    conversation.retry(99)
    expect(room.sends).toHaveLength(3)
  })
})

describe('typing', () => {
  it('is shown while somebody types, and ends by itself, by sending and by going', async () => {
    const { room, clock, conversation } = begin()
    await room.enter(0)
    conversation.type()
    clock.pass(3_000)
    conversation.type()
    clock.pass(3_000)
    expect(room.shown).toEqual([{ name: 'Me', typing: true }])
    clock.pass(1_000)
    expect(room.shown.splice(0)).toEqual([{ name: 'Me', typing: true }, { name: 'Me' }])
    conversation.type()
    conversation.send('hi')
    conversation.type()
    conversation.watch(false)
    expect(room.shown).toEqual([
      { name: 'Me', typing: true },
      { name: 'Me' },
      { name: 'Me', typing: true },
      { name: 'Me' },
    ])
  })

  it('goes on under a new name', async () => {
    const { room, conversation } = begin()
    await room.enter(0)
    conversation.type()
    conversation.rename('You')
    expect(room.shown).toEqual([
      { name: 'Me', typing: true },
      { name: 'You', typing: true },
    ])
  })
})

describe('people', () => {
  it('are told of when they come and go, but not when one comes oneself', async () => {
    const { room, line, announced } = begin()
    await room.enter(0, 'me', 'ada')
    room.see('me', 'ada', 'bob')
    room.see('me', 'bob')
    expect(line()).toBe('+bob-ada')
    expect(announced).toEqual(['bob joined', 'ada left'])
  })

  it('have time to come back after a lost connection', async () => {
    const { room, clock, line } = begin()
    await room.enter(0, 'me', 'ada', 'bob')
    room.turn({ kind: 'rejoining' })
    room.turn({ kind: 'joined' })
    room.see('me')
    room.see('me', 'ada')
    clock.pass(6_999)
    expect(line()).toBe('')
    clock.pass(1)
    expect(line()).toBe('+-bob')
    room.see('me', 'ada', 'bob', 'eve')
    expect(line()).toBe('+eve-')
  })
})

describe('the end', () => {
  it('says whether one was kept out or put out', async () => {
    const refusal = errorOf({ code: 'refused', message: 'This room is private' })
    const out = begin()
    out.room.turn({ kind: 'left', reason: 'This room is private', error: refusal })
    expect(out.conversation.state.get().standing).toEqual({ kind: 'out', why: 'This room is private', refused: true })

    const put = begin()
    await put.room.enter(0, 'me', 'ada')
    put.room.turn({ kind: 'left', reason: 'kicked', error: refusal })
    expect(put.conversation.state.get()).toMatchObject({
      standing: { kind: 'out', why: 'kicked', refused: false },
      members: [],
    })
    put.conversation.rename('You')
    expect(put.room.shown).toEqual([])
  })

  it('leaves the room, and hears nothing more', async () => {
    const { room, conversation, line } = begin()
    await room.enter(0)
    conversation.close()
    room.hear(1, 'ada')
    expect([room.left, line()]).toEqual([true, ''])
  })
})
