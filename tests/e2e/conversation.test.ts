import { expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { describeInChromium } from '../support/chromium.ts'
import { until } from '../support/until.ts'
import { useHouse } from './house.ts'

/** A client in any language: the address says where and who, a frame is a message. Resolves when all came back. */
function bot(url: string, room: string, texts: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/plain/room:${room}?name=Bot`)
    let heard = 0
    socket.on('open', () => {
      for (const text of texts) socket.send(text)
    })
    socket.on('message', () => {
      if (++heard === texts.length) socket.close(1000)
    })
    socket.on('close', (code, reason) => (code === 1000 ? resolve() : reject(new Error(`closed: ${code} ${reason}`))))
    socket.on('error', reject)
  })
}

const nameOf = (at: string) => at.slice('#/room/'.length)

describeInChromium('a conversation', () => {
  const house = useHouse()

  it('shows who is typing, and that they have stopped', async () => {
    const [alice, bob] = await house.enterTogether(house.freshRoom(), 'Alice', 'Bob')
    await bob!.field.pressSequentially('hel')
    await alice!.page.getByText('Bob is typing').waitFor()
    expect(await bob!.page.getByText('is typing').count()).toBe(0)
    await bob!.field.press('Enter')
    await alice!.sees('hel')
    await alice!.page.getByText('Bob is typing').waitFor({ state: 'detached' })
    // And without a word: after a while nobody is typing.
    await bob!.field.pressSequentially('x')
    await alice!.page.getByText('Bob is typing').waitFor()
    await alice!.page.getByText('Bob is typing').waitFor({ state: 'detached' })
  })

  it('shows every text as it was written, and nothing of it is markup', async () => {
    const [alice, bob] = await house.enterTogether(house.freshRoom(), 'Alice', 'Bob')
    const nasty = [
      '<img src=x onerror="document.title=\'hacked\'">',
      'two\nlines',
      'שלום, mixed (עולם)',
      'w'.repeat(4_000),
      '\u202egnp.exe',
      '{"t":"message"}',
    ]
    for (const text of nasty) await bob!.say(text)
    await bob!.say('see https://example.com/a?b=1, or javascript:alert(1)')
    await alice!.log.getByText('see https://example.com', { exact: false }).waitFor()
    expect((await alice!.messages()).slice(0, nasty.length)).toEqual(nasty)
    const link = alice!.log.getByRole('link')
    expect(
      await link.evaluateAll((links) => links.map((a) => [a.getAttribute('href'), a.getAttribute('rel')])),
    ).toEqual([['https://example.com/a?b=1', 'noopener noreferrer nofollow ugc']])
    expect(await alice!.log.locator('img').count()).toBe(0)
    expect(await alice!.page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBe(0)
  })

  it('says that a text is too long before it is sent', async () => {
    const [alice] = await house.enterTogether(house.freshRoom(), 'Alice')
    await alice!.field.fill('w'.repeat(3_900))
    await alice!.page.getByText('100', { exact: true }).waitFor()
    await alice!.field.fill('w'.repeat(4_001))
    await alice!.page.getByText('-1', { exact: true }).waitFor()
    expect(await alice!.page.getByRole('button', { name: 'Send', exact: true }).isDisabled()).toBe(true)
  })

  it('reads older messages when one scrolls up, and what one reads stays where it is', async () => {
    const at = house.freshRoom()
    await bot(
      house.url,
      nameOf(at),
      Array.from({ length: 120 }, (_, i) => `message ${i + 1}`),
    )
    const alice = await house.enter('Alice', { at })
    await alice.sees('message 120')
    // The script is out of the room: nobody comes or goes while she scrolls.
    await alice.seesHere('Alice')
    expect(await alice.log.getByText('message 1', { exact: true }).count()).toBe(0)

    const count = () => alice.page.locator('.bubble').count()
    expect(await count()).toBe(50)
    // Scrolls up as long as there are the first fifty, and looks in the same moment.
    const look = () =>
      alice.log.evaluate((scroller) => {
        const bubbles = [...scroller.querySelectorAll('.bubble')]
        if (bubbles.length === 50) scroller.scrollTop = 100
        const eighty = bubbles.find((each) => each.textContent === 'message 80')
        return { count: bubbles.length, top: Math.round(eighty?.getBoundingClientRect().top ?? -1) }
      })
    let before = Number.NaN
    const after = await until(
      async () => {
        const { count, top } = await look()
        if (count === 50) before = top
        return count === 100 ? { top } : null
      },
      { what: 'older messages' },
    )
    expect(Math.abs(after.top - before)).toBeLessThanOrEqual(1)

    await until(async () => {
      await alice.log.evaluate((scroller) => scroller.scrollTo(0, 0))
      return (await count()) === 120
    })
    await alice.log.getByText('The conversation begins here').waitFor()
    expect(await alice.messages()).toEqual(Array.from({ length: 120 }, (_, i) => `message ${i + 1}`))

    // Whoever reads above is not pulled down by a new message, and gets there by one click.
    await bot(house.url, nameOf(at), ['the newest'])
    await alice.log.getByText('the newest').waitFor({ state: 'attached' })
    expect(await alice.log.evaluate(({ scrollTop }) => scrollTop)).toBeLessThan(200)
    await alice.page.getByRole('button', { name: 'Newest messages' }).click()
    await until(() => alice.log.evaluate((s) => s.scrollHeight - s.scrollTop - s.clientHeight < 2))
  })

  it('is one with clients of any language', async () => {
    const at = house.freshRoom()
    const alice = await house.enter('Alice', { at })
    await bot(house.url, nameOf(at), ['hello from a script'])
    await alice.sees('hello from a script')
    expect(await alice.page.getByRole('article', { name: /^Bot/ }).count()).toBe(1)
  })
})
