// `npm run fuzz`: see tests/fuzz/README.md.
import './node-version.mjs'
import { runFromSources } from './from-sources.mjs'

await runFromSources('tests/fuzz/main.ts', 'fuzz')
