import { resolve } from 'node:path'

/** What the environment says of how the lobby runs. */
export interface Settings {
  /** `PORT`, default 8210; 0 takes a free one. */
  readonly port: number
  /** `HOST`, default 127.0.0.1: this machine alone. */
  readonly host: string
  /** `ROLLCALL_DATA`: the folder of the messages, default `data` beside the lobby. */
  readonly folder: string
  /** `ROLLCALL_API_TOKEN`: opens the HTTP API to who shows it. Default: nobody. */
  readonly token: string | undefined
  /** `ROLLCALL_NATS`: this lobby is one of several that share a NATS, which keeps the messages instead. Default: it is alone. */
  readonly nats: NatsPlace | undefined
}

/** Where NATS is, and who we are there. */
export interface NatsPlace {
  readonly servers: readonly string[]
  readonly user?: string
  readonly pass?: string
}

/** @throws RangeError naming the variable that makes no sense. */
export function settings(env: Readonly<Record<string, string | undefined>>, home: string): Settings {
  const { PORT: port = '8210', HOST: host = '127.0.0.1' } = env
  const { ROLLCALL_DATA: folder, ROLLCALL_API_TOKEN: token, ROLLCALL_NATS: nats } = env
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535)
    throw new RangeError(`PORT must be a number from 0 to 65535, not "${port}"`)
  if (host.trim() === '') throw new RangeError('HOST must name an interface, such as 127.0.0.1, or 0.0.0.0 for all')
  if (token && !/^[\w.~+/-]+=*$/.test(token))
    throw new RangeError('ROLLCALL_API_TOKEN must be letters, digits and any of -._~+/')
  return {
    port: Number(port),
    host,
    // What somebody names is meant from where they are.
    folder: folder ? resolve(folder) : resolve(home, 'data'),
    token: token || undefined,
    nats: nats ? natsPlace(nats) : undefined,
  }
}

function natsPlace(given: string): NatsPlace {
  const urls = given.split(',').map((part) => {
    const text = part.trim().replace(/^(?!\w+:\/\/)/, 'nats://')
    const url = URL.canParse(text) ? new URL(text) : null
    // Whatever is in it is not told: it may be a password.
    if (!url?.hostname || !/^(nats|tls):$/.test(url.protocol) || !/^\/?$/.test(url.pathname))
      throw new RangeError('ROLLCALL_NATS must be like nats://127.0.0.1:4222; several servers with commas in between')
    return url
  })
  const { username = '', password = '' } = urls.find((url) => url.username) ?? {}
  return {
    servers: urls.map(({ protocol, host }) => `${protocol}//${host}`),
    ...(username && { user: decodeURIComponent(username), pass: decodeURIComponent(password) }),
  }
}
