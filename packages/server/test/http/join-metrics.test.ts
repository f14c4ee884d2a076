import { expect, test } from 'vitest'
import { joinMetrics } from '../../src/http/api/join-metrics.ts'

const page = (...samples: readonly string[]) => `# HELP a What a is.\n# TYPE a gauge\n${samples.join('\n')}\n`

test.each([
  ['one page', [page('a{worker="1"} 1')], page('a{worker="1"} 1')],
  [
    'the same metric of two',
    [page('a{worker="1"} 1'), page('a{worker="2"} 2')],
    page('a{worker="1"} 1', 'a{worker="2"} 2'),
  ],
  ['a sample that two have', [page('a{worker="1"} 1'), page('a{worker="1"} 2')], page('a{worker="1"} 1')],
  [
    'a metric that only one has',
    [page('a 1'), '# HELP b B\n# TYPE b counter\nb 2\n'],
    `${page('a 1')}\n# HELP b B\n# TYPE b counter\nb 2\n`,
  ],
  ['a metric without samples', ['# HELP b B\n# TYPE b counter\n'], '# HELP b B\n# TYPE b counter\n'],
  [
    'a label with spaces',
    [page('a{what="x y"} 1'), page('a{what="x z"} 1')],
    page('a{what="x y"} 1', 'a{what="x z"} 1'),
  ],
  ['an empty page', [page('a 1'), ''], page('a 1')],
])('%s', (_, pages, joined) => {
  expect(joinMetrics(pages)).toBe(joined)
})
