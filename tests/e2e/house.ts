import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { launchChromium } from '../support/chromium.ts'
import { type Lobby, startLobby } from '../support/program.ts'
import { Person, type Visit } from './person.ts'

/** A lobby and a browser for the tests of a file; each test brings its own people. */
export class House {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'rollcall-e2e-'))
  #people: Person[] = []
  #lobby: Lobby | null = null
  #browser: Browser | null = null
  #room = 0

  get url(): string {
    return this.#lobby?.url ?? ''
  }

  get browser(): Browser {
    if (!this.#browser) throw new Error('The browser is started before the first test of a file')
    return this.#browser
  }

  /** The address of a room in which nobody was before. */
  freshRoom(): string {
    return `#/room/test-${++this.#room}`
  }

  async enter(name: string, visit?: Visit): Promise<Person> {
    const person = await Person.enter(this.browser, this.url, name, visit)
    this.#people.push(person)
    return person
  }

  /** Several people in one room, all of whom see each other. */
  async enterTogether(at: string, ...names: readonly string[]): Promise<Person[]> {
    const people: Person[] = []
    for (const name of names) people.push(await this.enter(name, { at }))
    for (const person of people) await person.seesHere(...names)
    return people
  }

  /** Ends the server as the signal says; it can be opened again, at the same address. */
  async stop(signal: NodeJS.Signals): Promise<void> {
    await this.#lobby?.stop(signal)
  }

  async open(): Promise<void> {
    const PORT = this.#lobby ? new URL(this.#lobby.url).port : '0'
    this.#lobby = await startLobby({ env: { PORT, ROLLCALL_DATA: this.folder } })
  }

  async start(): Promise<void> {
    this.#browser = await launchChromium()
    await this.open()
  }

  /** All go home. Answers what their browsers complained about. */
  async empty(): Promise<string[]> {
    const people = this.#people
    this.#people = []
    await Promise.all(people.map(({ context }) => context.close()))
    return people.flatMap(({ complaints }) => complaints)
  }

  async end(): Promise<void> {
    await this.#browser?.close()
    await this.#lobby?.stop()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** A house for the tests of this suite. After each of them no browser may have complained of anything. */
export function useHouse(): House {
  const house = new House()
  beforeAll(() => house.start())
  afterEach(async () => expect(await house.empty()).toEqual([]))
  afterAll(() => house.end())
  return house
}
