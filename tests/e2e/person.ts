import type { Browser, BrowserContext, BrowserContextOptions, Locator, Page } from 'playwright-core'
import { until } from '../support/until.ts'

export interface Visit {
  /** The room to enter, as in `#/room/design`. Default: the lobby. */
  readonly at?: string
  readonly options?: BrowserContextOptions
}

/** Somebody with a browser of their own, in one or more tabs of it. */
export class Person {
  readonly name: string
  readonly context: BrowserContext
  /** The first tab. */
  readonly page: Page
  /** What the browser complained about. */
  readonly complaints: string[] = []
  readonly #url: string

  private constructor(name: string, url: string, context: BrowserContext, page: Page) {
    this.name = name
    this.context = context
    this.page = page
    this.#url = url
  }

  /** Comes in with a fresh profile, and gives a name. */
  static async enter(
    browser: Browser,
    url: string,
    name: string,
    { at = '', options = {} }: Visit = {},
  ): Promise<Person> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options })
    context.setDefaultTimeout(30_000)
    const page = await context.newPage()
    const person = new Person(name, url, context, page)
    person.#listen(page)
    await page.goto(`${url}/${at}`)
    await page.getByLabel('Your name').fill(name)
    await page.getByRole('button', { name: 'Come in' }).click()
    await page.getByRole('heading', { level: 1 }).waitFor()
    await person.connected()
    return person
  }

  #listen(page: Page): void {
    page.on('pageerror', (error) => this.complaints.push(String(error)))
    page.on('console', (message) => {
      // A server that is down is no fault of the page.
      const down = /ERR_(CONNECTION|INTERNET)|^WebSocket connection to \S+ failed/.test(message.text())
      if (['error', 'warning'].includes(message.type()) && !down) this.complaints.push(message.text())
    })
  }

  /** Another tab of the same browser. */
  async tab(at = ''): Promise<Page> {
    const page = await this.context.newPage()
    this.#listen(page)
    await page.goto(`${this.#url}/${at}`)
    await this.connected(page)
    return page
  }

  /** Waits until the tab is connected and in its room. */
  async connected(page: Page = this.page): Promise<void> {
    await page.getByText('Online', { exact: true }).waitFor({ state: 'attached' })
    await page.locator('.skeleton').waitFor({ state: 'detached' })
  }

  get log(): Locator {
    return this.page.getByRole('log')
  }

  get field(): Locator {
    return this.page.getByRole('textbox', { name: /^Message/ })
  }

  async say(text: string): Promise<void> {
    await this.field.fill(text)
    await this.page.getByRole('button', { name: 'Send', exact: true }).click()
  }

  /** Waits for a message, or for a line between messages. */
  async sees(text: string): Promise<void> {
    await this.log.getByText(text, { exact: true }).waitFor()
  }

  /** Goes to a room by its address. */
  async go(at: string): Promise<void> {
    // The page hears of it in a task of its own: what is looked at before would be the room that one leaves.
    await this.page.evaluate(
      (hash) =>
        new Promise<void>((resolve) => {
          if (location.hash === hash) return resolve()
          addEventListener('hashchange', () => setTimeout(resolve), { once: true })
          location.hash = hash
        }),
      at,
    )
    await this.connected()
  }

  /** Who is here, as the list says it: `Ada`, `Bob 3 tabs`. */
  async table(): Promise<string[]> {
    const lines = await this.page.locator('.people-panel .person').evaluateAll((people) =>
      people.map((person) => {
        const name = person.querySelector('.person-name')?.textContent ?? ''
        const tabs = person.querySelector('.tag-tabs')?.textContent ?? ''
        return `${name} ${tabs}`.trim()
      }),
    )
    return lines.sort()
  }

  /** Waits until the list of who is here is this one. */
  async seesHere(...expected: readonly string[]): Promise<void> {
    const wanted = [...expected].sort().join(', ')
    let last = ''
    const sees = async () => {
      last = (await this.table()).join(', ')
      return last === wanted
    }
    await until(sees).catch(() => {
      throw new Error(`${this.name} should see ${wanted}, and sees ${last}`)
    })
  }

  /** The lines of people who came and went. */
  notes(): Promise<string[]> {
    return this.page.locator('.note').allInnerTexts()
  }

  /** Waits until these are the lines of people who came and went. */
  async seesNotes(...expected: readonly string[]): Promise<void> {
    let last: string[] = []
    const sees = async () => {
      last = await this.notes()
      return JSON.stringify(last) === JSON.stringify(expected)
    }
    await until(sees).catch(() => {
      throw new Error(`${this.name} should see ${expected.join(' | ')}, and sees ${last.join(' | ')}`)
    })
  }

  /** Waits until the server has taken all that was said. */
  async delivered(): Promise<void> {
    await this.page.getByLabel('On their way').waitFor({ state: 'detached' })
  }

  /** The texts of the messages, in the order in which they stand. */
  messages(): Promise<string[]> {
    return this.page.locator('.bubble').allInnerTexts()
  }
}
