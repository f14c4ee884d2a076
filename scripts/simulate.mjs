// `npm run simulate`: see tests/simulation/main.ts.
import './node-version.mjs'
import { runFromSources } from './from-sources.mjs'

await runFromSources('tests/simulation/main.ts', 'simulate')
