import type { AnyHttpServer } from './front.ts'
import { Namespace } from './namespace.ts'
import type { ServerOptions } from './options.ts'
import { Server } from './server.ts'
import { Socket } from './socket.ts'

/** Makes a server; what `require` of this module answers, with the classes as its properties. */
export interface Io {
  (options?: Partial<ServerOptions>): Server
  (server?: AnyHttpServer | number, options?: Partial<ServerOptions>): Server
  readonly Server: typeof Server
  readonly Namespace: typeof Namespace
  readonly Socket: typeof Socket
}

export const io: Io = Object.assign(
  (server?: AnyHttpServer | number | Partial<ServerOptions>, options?: Partial<ServerOptions>) =>
    new Server(server, options),
  { Server, Namespace, Socket },
)
