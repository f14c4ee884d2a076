import { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { showAs } from './inspect.ts'
import { notOffered } from './not-offered.ts'

/** Something in front of every request of Engine.IO, as for Express: `engine.use(session(…))`. */
export type EngineMiddleware = (
  request: IncomingMessage & { readonly _query: Readonly<Record<string, string | string[] | undefined>> },
  response: ServerResponse,
  next: (error?: unknown) => void,
) => unknown

/** What `connection_error` tells of a request that was refused. */
export interface ConnectionError {
  readonly req: IncomingMessage
  readonly code: number
  readonly message: string
  readonly context: object
}

/**
 * Engine.IO below the namespaces. Emits `connection` with each new session; `connection_error` for each refused request;
 * `initial_headers` and `headers` with the headers of an answer, to be changed, and the request.
 */
export class Engine extends EventEmitter {
  readonly #count: () => number
  readonly middlewares: EngineMiddleware[] = []
  /**
   * Makes the id of a session from its first request: unguessable, of letters, digits, `-` and `_` alone. Put your own in
   * its place where ids must say something.
   */
  generateId: (request: IncomingMessage) => string

  /** Made by its server. */
  constructor(count: () => number, generateId: () => string) {
    super()
    this.#count = count
    this.generateId = generateId
  }

  /** Sessions that are open. */
  get clientsCount(): number {
    return this.#count()
  }

  /** Adds a middleware for every request. */
  use(middleware: EngineMiddleware): this {
    this.middlewares.push(middleware)
    return this
  }
}

showAs(Engine, ({ clientsCount }) => ({ clientsCount }))

for (const method of ['handleRequest', 'handleUpgrade', 'attach', 'onWebTransportSession'])
  Object.defineProperty(Engine.prototype, method, {
    value: () => notOffered(`engine.${method}()`, 'attach the server to an HTTP server of Node'),
  })
