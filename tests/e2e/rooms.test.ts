import { expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { describeInChromium } from '../support/chromium.ts'
import { until } from '../support/until.ts'
import { useHouse } from './house.ts'
import type { Person } from './person.ts'

const CLIPBOARD = { permissions: ['clipboard-read', 'clipboard-write'] }

async function copied(person: Person): Promise<string> {
  return person.page.evaluate(() => navigator.clipboard.readText())
}

async function makePrivate(person: Person, title: string): Promise<string> {
  await person.page.getByRole('button', { name: 'New room' }).click()
  await person.page.getByText('Private', { exact: true }).click()
  await person.page.getByRole('textbox', { name: 'Name', exact: true }).fill(title)
  await person.page.getByRole('button', { name: 'Create, and copy the invitation' }).click()
  await person.page.getByText('Invitation link copied').waitFor()
  return copied(person)
}

/** How a plain WebSocket client fares: what it was sent first, or the code it was closed with. */
function knock(url: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = new WebSocket(url.replace('http', 'ws'))
    socket.on('message', (text) => {
      resolve(String(text))
      socket.close()
    })
    socket.on('close', (code) => resolve(`closed with ${code}`))
    socket.on('error', () => {})
  })
}

describeInChromium('rooms', () => {
  const house = useHouse()

  it('that are private are closed without the invitation, and open with it', async () => {
    const alice = await house.enter('Alice', { options: CLIPBOARD })
    const link = await makePrivate(alice, 'Offsite planning')
    await alice.say('only for us')
    await alice.sees('only for us')
    const address = new URL(alice.page.url())
    expect(link).toContain('/Offsite%20planning')
    expect(address.hash).toMatch(/^#\/private\/[\w-]{22}$/)
    const secret = link.split('/invitation/')[1]!.split('/')[0]!
    expect(address.href).not.toContain(secret)

    const eve = await house.enter('Eve', { at: address.hash })
    await eve.page.getByRole('heading', { name: 'You cannot come in' }).waitFor()
    await eve.page.getByText('This room is private: ask somebody who is in it for an invitation').waitFor()
    expect(await eve.page.content()).not.toContain('only for us')
    const room = address.hash.slice('#/private/'.length)
    expect(await knock(`${house.url}/plain/private:${room}?last=10`)).toMatch(/^closed with 44/)
    expect(await knock(`${house.url}/plain/private:${room}?last=10&invitation=${secret.slice(1)}x`)).toBe(
      'closed with 4403',
    )

    await eve.page.getByLabel('Invitation link').fill(link)
    await eve.page.getByRole('button', { name: 'Come in' }).click()
    await eve.sees('only for us')
    await alice.seesHere('Alice', 'Eve')

    const bob = await house.enter('Bob', { at: new URL(link).hash })
    await bob.sees('only for us')
    await bob.page.getByRole('heading', { name: 'Offsite planning', level: 1 }).waitFor()
    expect(bob.page.url()).not.toContain(secret)
    for (const person of [alice, bob, eve]) await person.seesHere('Alice', 'Bob', 'Eve')
    expect(await knock(`${house.url}/plain/private:${room}?last=10&invitation=${secret}`)).toBe('only for us')
  })

  it('are found by their name, kept over a reload, and left', async () => {
    const alice = await house.enter('Alice')
    await alice.page.keyboard.press('Control+k')
    await alice.page.getByRole('textbox', { name: 'Name', exact: true }).fill('Büro  7!')
    await alice.page.getByText('It will be #büro-7').waitFor()
    await alice.page.keyboard.press('Enter')
    await alice.page.getByRole('heading', { name: 'büro-7', level: 1 }).waitFor()
    await alice.page.goto(house.url)
    const rooms = alice.page.getByRole('navigation', { name: 'Rooms' }).getByRole('link')
    await until(async () => (await rooms.count()) === 2)
    await rooms.nth(1).click()
    await alice.page.getByRole('button', { name: 'Leave this room' }).click()
    await alice.page.getByRole('heading', { name: 'lobby', level: 1 }).waitFor()
    await until(async () => (await rooms.count()) === 1, { what: 'the room to be off the list' })
    await alice.page.reload()
    await alice.connected()
    expect(await rooms.count()).toBe(1)
  })

  it('say what was not read, in the list and in the title, until it is', async () => {
    const at = house.freshRoom()
    const [alice, bob] = await house.enterTogether(at, 'Alice', 'Bob')
    const link = alice!.page.getByRole('navigation', { name: 'Rooms' }).getByRole('link', { name: /^test-/ })
    await bob!.say('seen')
    await alice!.sees('seen')
    await alice!.go('#/room/lobby')
    await bob!.say('one')
    await bob!.say('two')
    await link.getByText('2 unread').waitFor({ state: 'attached' })
    await until(async () => (await alice!.page.title()) === '(2) #lobby · Rollcall')

    await alice!.go(at)
    await alice!.sees('two')
    await alice!.log.getByText('New', { exact: true }).waitFor()
    await until(async () => /^#test-\d+ · Rollcall$/.test(await alice!.page.title()))
    expect(await alice!.log.locator('.rule-new + .group .bubble').allInnerTexts()).toEqual(['one', 'two'])
  })

  it('say it too while the page is hidden, and on the next visit', async () => {
    const at = house.freshRoom()
    const [alice, bob] = await house.enterTogether(at, 'Alice', 'Bob')
    const turn = (state: string) =>
      alice!.page.evaluate((value) => {
        Object.defineProperty(document, 'visibilityState', { value, configurable: true })
        document.dispatchEvent(new Event('visibilitychange'))
      }, state)
    await bob!.say('before')
    await alice!.sees('before')
    await turn('hidden')
    await bob!.say('psst')
    await until(async () => (await alice!.page.title()).startsWith('(1) '))
    await turn('visible')
    await until(async () => !(await alice!.page.title()).startsWith('('))
    await alice!.log.getByText('New', { exact: true }).waitFor()

    await alice!.page.goto('about:blank')
    await bob!.say('are you there?')
    await alice!.page.goto(house.url)
    await alice!.connected()
    await until(async () => (await alice!.page.title()) === '(1) #lobby · Rollcall')
  })
})
