// `npm run bench`: see `npm run bench -- --help`.
import { bundle } from './bundle.mjs'

await bundle()
await import(new URL('dist/main.js', import.meta.url).href)
