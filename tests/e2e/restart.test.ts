import { expect, it } from 'vitest'
import { describeInChromium } from '../support/chromium.ts'
import { until } from '../support/until.ts'
import { useHouse } from './house.ts'

describeInChromium('a server that is killed and started again', () => {
  const house = useHouse()

  it('finds everybody again, and nothing that was said is lost', async () => {
    const at = house.freshRoom()
    const [alice, bob, charlie] = await house.enterTogether(at, 'Alice', 'Bob', 'Charlie')
    const second = await bob!.tab(at)
    await alice!.say('before')
    await charlie!.sees('before')
    const notes = await charlie!.notes()

    await house.stop('SIGKILL')
    for (const { page } of [alice!, bob!, charlie!])
      await page
        .getByText(/^Reconnecting/)
        .first()
        .waitFor()
    await charlie!.page.getByRole('heading', { name: /^Last seen here/ }).waitFor()
    await alice!.say('while it was down')
    await alice!.log.getByText('Waits for the connection').waitFor()
    await house.open()

    for (const person of [alice!, bob!, charlie!]) await person.connected()
    await bob!.connected(second)
    for (const person of [alice!, bob!, charlie!]) await person.sees('while it was down')
    for (const person of [alice!, bob!, charlie!]) await person.seesHere('Alice', 'Bob 2 tabs', 'Charlie')
    await alice!.delivered()
    await bob!.say('after')
    await bob!.delivered()
    for (const person of [alice!, bob!, charlie!]) {
      await person.sees('after')
      expect(await person.messages()).toEqual(['before', 'while it was down', 'after'])
    }
    // Everybody came back: nobody has left, and nobody joined.
    const told = async () => (await charlie!.notes()).filter((note) => !note.startsWith('You were away')).join('\n')
    await until(async () => (await told()) === notes.join('\n'), { what: `no more than ${notes.join(', ')}` })

    await charlie!.page.reload()
    await charlie!.connected()
    await until(async () => (await charlie!.messages()).length === 3)
    expect(await charlie!.messages()).toEqual(['before', 'while it was down', 'after'])
  })

  it('tells who was cut off what they missed', async () => {
    const at = house.freshRoom()
    const [alice, bob] = await house.enterTogether(at, 'Alice', 'Bob')
    await alice!.say('you hear this')
    await bob!.sees('you hear this')
    await house.stop('SIGTERM')
    await bob!.page
      .getByText(/^Reconnecting/)
      .first()
      .waitFor()
    await bob!.context.setOffline(true)
    await house.open()
    await alice!.connected()
    for (const text of ['one', 'two', 'three']) await alice!.say(text)
    await alice!.sees('three')
    // What she sees at once is heard by others when it is accepted.
    await alice!.delivered()
    await bob!.page.getByText('You are offline.', { exact: false }).waitFor()
    await bob!.context.setOffline(false)
    await bob!.sees('three')
    await bob!.sees('You were away: 3 messages')
    expect(await bob!.messages()).toEqual(['you hear this', 'one', 'two', 'three'])
  })
})
