import { expect, test } from 'vitest'
import {
  busySecondsOf,
  counterOf,
  cpuSecondsOf,
  familyOf,
  hasProc,
  kilobytesOf,
  parentOf,
} from '../src/machine/proc.ts'

test('processor time is user and system ticks, whatever the name of the process', () => {
  const stat = '4242 (node (a) b) S 1 4242 4242 0 -1 4194304 9999 0 3 0 1234 566 0 0 20 0 11 0 555 1 2'
  expect(cpuSecondsOf(stat)).toBe(18)
})

test('the parent stands behind the name, whatever that is', () => {
  expect(parentOf('4242 (a) S 9) S 17 4242 4242 0 -1')).toBe(17)
})

test('a family is a process with its children', () => {
  expect(familyOf(process.pid)[0]).toBe(process.pid)
  if (hasProc()) expect(familyOf(process.ppid)).toContain(process.pid)
})

test('busy is what was neither idle nor waiting', () => {
  expect(busySecondsOf('cpu  100 20 30 9000 800 4 6 40 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n')).toBe(2)
})

test('fields in kilobytes become bytes', () => {
  const status = 'VmPeak:\t  900000 kB\nVmRSS:\t   64000 kB\n'
  expect(kilobytesOf(status, 'VmRSS')).toBe(65_536_000)
  expect(kilobytesOf(status, 'VmSwap')).toBeNaN()
})

test('a counter stands in the line below its name', () => {
  const netstat = 'TcpExt: SyncookiesSent ListenOverflows ListenDrops\nTcpExt: 1 22 333\nIpExt: A\nIpExt: 7\n'
  expect(counterOf(netstat, 'TcpExt', 'ListenOverflows')).toBe(22)
  expect(counterOf(netstat, 'IpExt', 'A')).toBe(7)
  expect(counterOf(netstat, 'TcpExt', 'Nothing')).toBeNaN()
})
