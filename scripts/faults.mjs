// `npm run faults`: the fault suites with what takes longer than `npm test` may. A path runs the files that match it.
process.env['FAULTS'] = 'long'
process.argv.splice(2, 0, 'faults')
await import('./test.mjs')
