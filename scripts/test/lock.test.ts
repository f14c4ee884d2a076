import { expect, test } from 'vitest'
import { lockFaults } from '../lock.mjs'

const native = { optionalDependencies: { 'native-linux': '1.0.0', 'native-darwin': '1.0.0' } }

test('a lock file with every platform and no address is well', () => {
  const packages = {
    '': {},
    'node_modules/own': { resolved: 'packages/own', link: true },
    'node_modules/native': native,
    'node_modules/native-linux': {},
    'node_modules/native/node_modules/native-darwin': {},
  }
  expect(lockFaults(packages)).toEqual([])
})

test('a platform that is left out is found', () => {
  const packages = { 'node_modules/a/node_modules/native': native, 'node_modules/native-linux': {} }
  expect(lockFaults(packages)).toEqual([
    expect.stringMatching(/^native-darwin@1\.0\.0 of node_modules\/a\/node_modules\/native is missing: /),
  ])
})

test('an address is found', () => {
  const packages = { 'node_modules/a': { resolved: 'https://registry.example/a-1.0.0.tgz' } }
  expect(lockFaults(packages)).toEqual([expect.stringMatching(/^node_modules\/a names the address https:/)])
})
