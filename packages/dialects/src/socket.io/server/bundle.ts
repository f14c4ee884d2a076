import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { Clock } from '@rollcall/core'
import { httpExchange } from 'rollcall/long-poll'

const FILES = new Set([
  'socket.io.esm.min.js',
  'socket.io.esm.min.js.map',
  'socket.io.js',
  'socket.io.js.map',
  'socket.io.min.js',
  'socket.io.min.js.map',
])

// Nothing that compresses well is smaller than that.
const COMPRESS_BYTES = 1_024

/** The client's bundle for browsers, from the package `socket.io-client` wherever the program has it. */
export class Bundle {
  readonly #folder: string
  readonly #version: string
  readonly #read = new Map<string, Buffer>()

  constructor(folder: string, version: string) {
    this.#folder = folder
    this.#version = version
  }

  /** Answers a request for one of the files below a path. Whether it was one. */
  serve(
    request: IncomingMessage,
    response: ServerResponse,
    {
      path,
      clock,
      headers,
    }: { readonly path: string; readonly clock: Clock; readonly headers: Record<string, string> },
  ): boolean {
    const exchange = httpExchange(request, response, clock, { headers, compressBytes: COMPRESS_BYTES })
    const { pathname } = exchange.url
    const name = pathname.startsWith(path) ? pathname.slice(path.length) : ''
    if (!FILES.has(name) || exchange.method !== 'GET') return false
    const etag = `"${this.#version}"`
    const about = { etag, 'cache-control': 'public, max-age=0' }
    const held = exchange.header('if-none-match')
    if (held === etag || held === `W/${etag}`) exchange.answer({ status: 304, headers: about })
    else {
      const type = name.endsWith('.map') ? 'application/json' : 'application/javascript'
      exchange.answer({
        status: 200,
        headers: { ...about, 'content-type': `${type}; charset=utf-8` },
        body: this.#file(name),
      })
    }
    return true
  }

  #file(name: string): Buffer {
    const file = this.#read.get(name) ?? readFileSync(join(this.#folder, name))
    this.#read.set(name, file)
    return file
  }
}

/** Looks for the package where the program is, then where we are; null if it is not installed. */
export function findBundle(): Bundle | null {
  for (const from of [join(process.cwd(), 'program.js'), import.meta.url]) {
    try {
      const path = createRequire(from).resolve('socket.io-client/package.json')
      const { version } = JSON.parse(readFileSync(path, 'utf8')) as { version: string }
      return new Bundle(join(dirname(path), 'dist'), version)
    } catch {
      // Not there: perhaps elsewhere.
    }
  }
  return null
}
