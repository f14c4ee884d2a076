import { type Channels as ChannelSpecs, RESERVED_EVENTS } from '@rollcall/core'
import type { AnyHandlers } from './handlers.ts'

/** @throws TypeError if a handler is missing, or is for something that the contract does not have. */
export function checkHandlers(specs: ChannelSpecs, handlers: Readonly<Record<string, AnyHandlers>>): void {
  for (const pattern of Object.keys(handlers))
    if (!Object.hasOwn(specs, pattern))
      throw new TypeError(`There are handlers for "${pattern}", which the contract does not have`)
  for (const [pattern, spec] of Object.entries(specs)) {
    const given = Object.hasOwn(handlers, pattern) ? handlers[pattern] : undefined
    if (!given) throw new TypeError(`The contract's "${pattern}" has no handlers`)
    const needed = ['join', ...Object.keys(spec.send ?? {}), ...Object.keys(spec.call ?? {})]
    for (const name of needed)
      if (typeof given[name] !== 'function') throw new TypeError(`The handlers of "${pattern}" lack ${name}`)
    for (const name of Object.keys(given))
      if (!needed.includes(name) && !RESERVED_EVENTS.includes(name))
        throw new TypeError(`The handlers of "${pattern}" have ${name}, which the contract does not send or call`)
  }
}
