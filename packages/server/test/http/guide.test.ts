import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openApi } from '../../src/http/api/openapi.ts'

const guide = readFileSync(join(import.meta.dirname, '../../../../docs/guide/http-api.md'), 'utf8')

test('the guide of the HTTP API names every operation of the document', () => {
  const { paths } = openApi({ path: '/api/v1', bodyBytes: 1 }) as { paths: Record<string, object> }
  for (const [path, methods] of Object.entries(paths))
    for (const method of Object.keys(methods)) {
      const told = guide.includes(`\`${method.toUpperCase()} ${path}`) || guide.includes(`\`${path}\``)
      expect([method, path, told]).toEqual([method, path, true])
    }
})
