// What a page pays for `import { connect }`: bundled with core, minified and compressed. `node packages/client/test/size.mjs`
import { join, resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

/** The most that it may be, in bytes. */
export const MAX_GZIP_BYTES = 10 * 1024

/**
 * @param {string} contents the program, as a module of the client's package
 * @returns {Promise<{ bytes: number, gzipBytes: number, inputs: string[] }>}
 */
export async function sizeOf(contents) {
  const { outputFiles, metafile } = await build({
    stdin: { contents, resolveDir: join(import.meta.dirname, '..') },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    conditions: ['@rollcall/source'],
    metafile: true,
    write: false,
  })
  const [output] = outputFiles
  const code = output?.contents ?? new Uint8Array()
  return { bytes: code.length, gzipBytes: gzipSync(code, { level: 9 }).length, inputs: Object.keys(metafile.inputs) }
}

if (process.argv[1] && resolve(process.argv[1]) === import.meta.filename) {
  const programs = {
    connect: "export { connect } from '@rollcall/client'",
    'connect, contract and channel':
      "export { connect } from '@rollcall/client'; export { channel, contract } from '@rollcall/core'",
  }
  for (const [name, program] of Object.entries(programs)) {
    const { bytes, gzipBytes } = await sizeOf(program)
    process.stdout.write(`${name}: ${gzipBytes} bytes compressed, ${bytes} before\n`)
  }
}
