import type { Dialect, DialectHost, TransportListener } from 'rollcall'
import { EngineDoor, SID_BYTES } from './engine/door.ts'
import { checkDefaultTopic, type SocketIoOptions, type SocketIoSettings, socketIoSettings } from './options.ts'
import { type SessionSettings, SocketIoSession } from './session.ts'
import { Variants } from './variant.ts'

/**
 * Clients of Socket.IO, unmodified: each namespace is a channel. See the guide for what maps to what.
 * @throws TypeError or RangeError on an option that cannot work, naming it.
 */
export function socketIo(options: SocketIoOptions = {}): Dialect {
  const settings = socketIoSettings(options)
  return {
    name: settings.name,
    mount(host) {
      checkDefaultTopic(settings, host.contract)
      const shared = sessionSettings(settings, host)
      const { clock, random } = host
      const door = new EngineDoor(settings.engine, {
        clock,
        random,
        handshake: host.handshake,
        originAllowed: host.originAllowed,
        admit: host.admit,
        allowed: settings.allowed,
        newSid: () => host.sessionId(random.token(SID_BYTES)),
        open(transport, handshake) {
          const { searchParams } = handshake.url
          const session = new SocketIoSession(shared, transport.version, searchParams, random, clock.now())
          return new Ending(host.accept(transport, session, handshake), session)
        },
      })
      return [door.route()]
    },
  }
}

function sessionSettings(settings: SocketIoSettings, { contract, limits }: DialectHost): SessionSettings {
  const { maxAttachments: attachments, maxAttachmentBytes: attachedBytes } = settings
  return {
    ...settings,
    contract,
    variants: new Variants(settings.spread),
    packets: { depth: limits.messageDepth, attachments, attachedBytes },
    maxSeats: limits.channelsPerConnection,
  }
}

/**
 * Says what the end of a connection means. In this language one leaves namespaces; connections are closed without a word
 * by whatever happens to them, also by a client that wants to try its recovery, and so are lost unless all was left.
 */
class Ending implements TransportListener {
  readonly #listener: TransportListener
  readonly #session: SocketIoSession

  constructor(listener: TransportListener, session: SocketIoSession) {
    this.#listener = listener
    this.#session = session
  }

  received(payload: string | Uint8Array): void {
    this.#listener.received(payload)
  }

  alive(): void {
    this.#listener.alive?.()
  }

  drained(): void {
    this.#listener.drained()
  }

  closed(_code: number, reason: string): void {
    this.#listener.closed(this.#session.deserted ? 1000 : 1006, reason)
  }
}
