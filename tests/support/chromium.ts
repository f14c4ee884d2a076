import { type Browser, chromium } from 'playwright-core'
import { describe } from 'vitest'
import { locate } from '../../scripts/provide.mjs'

const found = locate('chromium')

/** Why no browser can be had, or undefined. */
export const withoutChromium: string | undefined = found.path === undefined ? found.reason : undefined

/** A suite that is skipped, with the reason in its name, where there is no Chromium. */
export function describeInChromium(name: string, suite: () => void): void {
  describe.skipIf(withoutChromium)(withoutChromium ? `${name} (${withoutChromium})` : name, suite)
}

/**
 * Starts Chromium with a fresh profile in a temporary folder, which is removed when it is closed. Give each person a
 * `browser.newContext()`: contexts share no storage.
 */
export function launchChromium(): Promise<Browser> {
  if (found.path === undefined) throw new Error(found.reason)
  return chromium.launch({
    executablePath: found.path,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}
