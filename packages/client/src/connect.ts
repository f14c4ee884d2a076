import type { Channels, Contract } from '@rollcall/core'
import type { Client } from './client.ts'
import { LiveClient } from './live-client.ts'
import { type ConnectOptions, clientOptions, socketUrl } from './options.ts'

/**
 * Connects to a Rollcall server, and keeps the connection until `close()`. Answers at once; `client.state` tells how it is.
 * The url is `http(s)://` or `ws(s)://`, in a page also a path; without a path of its own it gets `/rollcall`.
 * @throws TypeError or RangeError on a url or an option that cannot work, naming it.
 */
export function connect<C extends Channels>(
  contract: Contract<C>,
  url: string | URL,
  options: ConnectOptions = {},
): Client<C> {
  const client = new LiveClient(contract as Contract, socketUrl(url), clientOptions(options))
  client.start()
  return client as unknown as Client<C>
}
