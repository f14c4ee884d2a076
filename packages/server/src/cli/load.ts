import { statSync } from 'node:fs'
import { extname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { createJiti } from 'jiti'
import type { App } from '../app.ts'
import type { Log } from '../log/log.ts'
import { Failure } from './faults.ts'

/** Imports a file and answers the app that it exports. Rejects with a Failure that says what is missing. */
export async function loadApp(file: string): Promise<App> {
  const exported = await load(file)
  const app = exported.default ?? exported.app
  if (isApp(app)) return app
  if (isApp(exported.app)) return exported.app
  const names = Object.keys(exported).join(', ') || 'nothing'
  throw new Failure(
    `${file} must export what rollcall(…) answered, as its default or as "app": export const app = rollcall(…). ` +
      `It exports ${names}.`,
  )
}

/** Imports a file and answers the log that it exports. Rejects with a Failure that says what is missing. */
export async function loadLog(file: string): Promise<Log> {
  const exported = await load(file)
  const log = (await exported.default) ?? (await exported.log)
  if (isLog(log)) return log
  throw new Failure(
    `${file} must export a log, as its default or as "log": export const log = await lmdbLog({ folder: 'data' }). ` +
      `It exports ${Object.keys(exported).join(', ') || 'nothing'}.`,
  )
}

async function load(file: string): Promise<Record<string, unknown>> {
  const path = resolve(file)
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) throw new Failure(`There is no file ${path}`)
  return importFile(path).catch((error: unknown) => {
    throw new Failure(`${file} failed to load:\n${error instanceof Error ? error.stack : String(error)}`)
  })
}

/** What Node's own TypeScript cannot do, and that shows before any of the program has run. */
const BEYOND_NODE = ['ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX', 'ERR_MODULE_NOT_FOUND', 'ERR_UNKNOWN_FILE_EXTENSION']

async function importFile(path: string): Promise<Record<string, unknown>> {
  const typescript = ['.ts', '.mts', '.cts', '.tsx'].includes(extname(path))
  if (!typescript || stripsTypes()) {
    try {
      return (await import(pathToFileURL(path).href)) as Record<string, unknown>
    } catch (error) {
      if (!typescript || !BEYOND_NODE.includes(String((error as { code?: unknown }).code))) throw error
    }
  }
  // Nothing is written next to the program, or anywhere else.
  const jiti = createJiti(import.meta.url, { fsCache: false, interopDefault: false })
  return jiti.import<Record<string, unknown>>(path)
}

// Node from 22.18 says so; older ones do not have the field.
function stripsTypes(): boolean {
  return Boolean((process.features as { readonly typescript?: unknown }).typescript)
}

// By what it can do: an app may come from another copy of the package.
function isApp(value: unknown): value is App {
  if (typeof value !== 'object' || value === null) return false
  const { listen, close, channel } = value as Record<string, unknown>
  return typeof listen === 'function' && typeof close === 'function' && typeof channel === 'function'
}

function isLog(value: unknown): value is Log {
  if (typeof value !== 'object' || value === null) return false
  const { append, follow, close } = value as Record<string, unknown>
  return typeof append === 'function' && typeof follow === 'function' && typeof close === 'function'
}
