import { expect, test } from 'vitest'
import { MAX_GZIP_BYTES, sizeOf } from './size.mjs'

test('a page pays less than 10 KB for connect', async () => {
  const { gzipBytes, inputs } = await sizeOf("export { connect } from '@rollcall/client'")
  expect(gzipBytes).toBeLessThan(MAX_GZIP_BYTES)
  expect(gzipBytes).toBeGreaterThan(5_000)
  // Nothing of Node's, and nobody else's code.
  expect(inputs.filter((file) => file.includes('node_modules') || file.includes('node:'))).toEqual([])
})

test('a page pays nothing for the server half of core', async () => {
  const { bytes } = await sizeOf("import { CloseCode, RollcallServerSession, rollcallVariant } from '@rollcall/core'")
  expect(bytes).toBe(0)
})
