import { expect, it } from 'vitest'
import { describeInChromium } from '../support/chromium.ts'
import { until } from '../support/until.ts'
import { useHouse } from './house.ts'

/** A lost connection is shown for this long: the server's default. */
const GRACE_MS = 5_000

describeInChromium('presence', () => {
  const house = useHouse()

  it('tells everybody who comes and who goes, and Charlie knows at any time who is here', async () => {
    const at = house.freshRoom()
    const [bob, charlie] = await house.enterTogether(at, 'Bob', 'Charlie')
    const alice = await house.enter('Alice', { at })
    await bob!.sees('Charlie and Alice joined')
    await charlie!.sees('Alice joined')
    await charlie!.seesHere('Alice', 'Bob', 'Charlie')

    await bob!.page.getByRole('button', { name: 'Leave this room' }).click()
    await alice.sees('Bob left')
    await charlie!.sees('Alice joined · Bob left')
    for (const person of [alice, charlie!]) await person.seesHere('Alice', 'Charlie')

    await bob!.go(at)
    for (const person of [alice, bob!, charlie!]) await person.seesHere('Alice', 'Bob', 'Charlie')
    // Who goes and comes back before anything else happens was never away.
    await until(async () => (await alice.notes()).every((note) => !note.includes('Bob')))
    await charlie!.seesNotes('Alice joined')
  })

  it('shows one person on three tabs as one line with three entries', async () => {
    const at = house.freshRoom()
    const [alice, bob] = await house.enterTogether(at, 'Alice', 'Bob')
    const second = await bob!.tab(at)
    await alice!.seesHere('Alice', 'Bob 2 tabs')
    const third = await bob!.tab(at)
    await alice!.seesHere('Alice', 'Bob 3 tabs')
    await alice!.seesNotes('Bob joined')

    await second.close()
    await third.close()
    await alice!.seesHere('Alice', 'Bob')
    await alice!.seesNotes('Bob joined')
  })

  it('lets a closed tab go after the grace, and a reloaded one come back unnoticed', async () => {
    const at = house.freshRoom()
    const [alice, bob, dave] = await house.enterTogether(at, 'Alice', 'Bob', 'Dave')
    // Notes each list that is on the screen, however short.
    await alice!.page.evaluate(() => {
      const seen = new Set<string>()
      const note = () => {
        const names = [...document.querySelectorAll('.people-panel .person-name')].map(({ textContent }) => textContent)
        seen.add(names.sort().join(', '))
      }
      note()
      new MutationObserver(note).observe(document.body, { subtree: true, childList: true, characterData: true })
      Object.assign(window, { seen })
    })
    await alice!.seesNotes('Bob and Dave joined')
    await bob!.page.reload()
    await bob!.connected()
    await bob!.seesHere('Alice', 'Bob', 'Dave')
    const closedAt = performance.now()
    await dave!.page.close()
    // Dave was lost after Bob: when his grace is over, so would have been Bob's.
    await alice!.seesHere('Alice', 'Bob')
    const graceMs = performance.now() - closedAt

    const seen = await alice!.page.evaluate(() => [...(window as unknown as { seen: Set<string> }).seen])
    expect(seen).toEqual(['Alice, Bob, Dave', 'Alice, Bob'])
    await alice!.seesNotes('Bob joined')
    expect(graceMs).toBeGreaterThan(GRACE_MS - 500)
    // By its silence alone it would be found out after half a minute.
    expect(graceMs).toBeLessThan(GRACE_MS + 15_000)
  })

  it('shows a new name at once, and nobody leaves or joins for it', async () => {
    const at = house.freshRoom()
    const [alice, bob] = await house.enterTogether(at, 'Alice', 'Bob')
    const second = await bob!.tab(at)
    await alice!.seesHere('Alice', 'Bob 2 tabs')
    await bob!.page.getByRole('button', { name: 'Bob, change your name' }).click()
    await bob!.page.getByLabel('Your name').fill('Robert')
    await bob!.page.keyboard.press('Enter')
    await alice!.seesHere('Alice', 'Robert 2 tabs')
    await second.getByRole('button', { name: 'Robert, change your name' }).waitFor()
    await alice!.seesNotes('Bob joined')
  })
})
