import axe from 'axe-core'
import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { describeInChromium } from '../support/chromium.ts'
import { until } from '../support/until.ts'
import { useHouse } from './house.ts'

const PHONE = { viewport: { width: 360, height: 720 }, hasTouch: true, isMobile: true }

/** What the rules of WCAG 2.2 A and AA find wrong: rule and place. */
async function faults(page: Page): Promise<string[]> {
  await page.evaluate(axe.source)
  return page.evaluate(async () => {
    const { axe: here } = window as unknown as { axe: typeof axe }
    // Whatever comes in softly has to be there to be judged.
    await Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => {})))
    const { violations } = await here.run(document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
    })
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html}\n${failureSummary}`),
    )
  })
}

const overflow = (page: Page) => page.evaluate(() => document.documentElement.scrollWidth - innerWidth)

describeInChromium('the page', () => {
  const house = useHouse()

  it.each(['light', 'dark'] as const)('can be used by everybody, in %s colours', async (colorScheme) => {
    const at = house.freshRoom()
    const options = { colorScheme, reducedMotion: 'reduce' } as const
    const context = await house.browser.newContext(options)
    const welcome = await context.newPage()
    await welcome.goto(house.url)
    await welcome.getByLabel('Your name').waitFor()
    expect(await faults(welcome)).toEqual([])
    await context.close()

    const alice = await house.enter('Alice', { at, options })
    expect(await faults(alice.page)).toEqual([])
    const bob = await house.enter('Bob', { at })
    await bob.tab(at)
    await bob.say('hello https://example.com')
    await alice.say('an answer')
    await bob.sees('an answer')
    await alice.go('#/room/lobby')
    await bob.say('not read')
    await until(async () => (await alice.page.title()).startsWith('(1)'))
    await alice.go(at)
    expect(await faults(alice.page)).toEqual([])

    await alice.page.keyboard.press('Control+k')
    await alice.page.getByRole('dialog').waitFor()
    expect(await faults(alice.page)).toEqual([])
    await alice.page.keyboard.press('Escape')
    await alice.page.keyboard.press('Control+/')
    await alice.page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor()
    expect(await faults(alice.page)).toEqual([])
    await alice.page.keyboard.press('Escape')
    await alice.go('#/private/AAAAAAAAAAAAAAAAAAAAAA')
    await alice.page.getByRole('heading', { name: 'You cannot come in' }).waitFor()
    expect(await faults(alice.page)).toEqual([])
  })

  it('can be used with the keyboard alone', async () => {
    const at = house.freshRoom()
    const alice = await house.enter('Alice', { at })
    const { keyboard } = alice.page
    const focused = () => alice.page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? '')
    await until(async () => (await focused()).startsWith('Message #test'))
    await keyboard.type('one')
    await keyboard.press('Shift+Enter')
    await keyboard.type('two')
    await keyboard.press('Enter')
    await alice.sees('one\ntwo')
    await keyboard.press('Alt+ArrowUp')
    await alice.page.getByRole('heading', { name: 'lobby', level: 1 }).waitFor()
    await until(async () => (await focused()) === 'Message #lobby')
    await keyboard.press('Alt+ArrowDown')
    await alice.page.getByRole('heading', { name: /^test-/, level: 1 }).waitFor()
    await keyboard.press('Control+k')
    await keyboard.type('elsewhere')
    await keyboard.press('Enter')
    await alice.page.getByRole('heading', { name: 'elsewhere', level: 1 }).waitFor()
    await until(async () => (await focused()) === 'Message #elsewhere')
    await keyboard.press('Shift+Tab')
    await keyboard.press('Escape')
    await until(async () => (await focused()) === 'Message #elsewhere', { what: 'the field to have the focus again' })
  })

  it('fits a phone', async () => {
    const at = house.freshRoom()
    const bob = await house.enter('Bob', { at })
    const alice = await house.enter('Alice with a rather long name that ends', { at, options: PHONE })
    await bob.say('w'.repeat(400))
    await bob.say('https://example.com/'.padEnd(300, 'x'))
    await alice.log.getByRole('link').waitFor()
    await alice.field.tap()
    await alice.field.fill('from the phone')
    await alice.page.getByRole('button', { name: 'Send', exact: true }).tap()
    await bob.sees('from the phone')
    expect(await overflow(alice.page)).toBe(0)
    expect(await faults(alice.page)).toEqual([])

    await alice.page.getByRole('button', { name: 'People here: 2' }).tap()
    await alice.page.getByRole('complementary', { name: 'People' }).getByText('Bob').waitFor()
    expect(await overflow(alice.page)).toBe(0)
    await alice.page.getByRole('button', { name: 'Close the list of people' }).tap()
    await alice.page.getByRole('button', { name: 'Rooms', exact: true }).tap()
    await alice.page.getByRole('navigation', { name: 'Rooms' }).waitFor()
    expect(await faults(alice.page)).toEqual([])
    await alice.page.getByRole('button', { name: 'New room' }).tap()
    await alice.page.getByRole('dialog').waitFor()
    expect(await overflow(alice.page)).toBe(0)
    await alice.page.keyboard.press('Escape')
    await alice.page.getByRole('button', { name: 'Rooms', exact: true }).tap()
    await alice.page.getByRole('link', { name: /^lobby/ }).tap()
    await alice.page.getByRole('heading', { name: 'lobby', level: 1 }).waitFor()
    await alice.page.getByRole('navigation', { name: 'Rooms' }).waitFor({ state: 'hidden' })
  })

  it('keeps the colours that one chooses', async () => {
    const alice = await house.enter('Alice')
    const paper = () => alice.page.evaluate(() => getComputedStyle(document.body).backgroundColor)
    const light = await paper()
    await alice.page.getByRole('button', { name: /Change to light$/ }).click()
    expect(await paper()).toBe(light)
    await alice.page.getByRole('button', { name: /Change to dark$/ }).click()
    const dark = await paper()
    expect(dark).not.toBe(light)
    await alice.page.reload()
    await alice.connected()
    expect(await paper()).toBe(dark)
  })
})
