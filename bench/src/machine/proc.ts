import { existsSync, readdirSync, readFileSync } from 'node:fs'

// What Linux tells in /proc. Elsewhere every reader answers NaN, and what is computed of it stays empty in the tables.

/** Seconds of processor that a process has used, of `/proc/<pid>/stat`. The name in brackets may hold anything. */
export function cpuSecondsOf(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  // utime and stime, in ticks, of which Linux has 100 a second on every platform that Node runs on.
  return (Number(fields[11]) + Number(fields[12])) / 100
}

/** The parent of a process, of `/proc/<pid>/stat`. */
export function parentOf(stat: string): number {
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
}

/** Seconds that all processors together were not idle, of `/proc/stat`. Time stolen by the host counts. */
export function busySecondsOf(stat: string): number {
  const [, user, nice, system, , , irq, softirq, steal] = (stat.split('\n', 1)[0] ?? '').split(/\s+/).map(Number)
  const parts = [user, nice, system, irq, softirq, steal] as number[]
  return parts.reduce((sum, part) => sum + part, 0) / 100
}

/** A field in kilobytes, as bytes, of `/proc/<pid>/status` or `/proc/meminfo`. */
export function kilobytesOf(text: string, name: string): number {
  const match = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)
  return match ? Number(match[1]) * 1024 : Number.NaN
}

/** A counter of `/proc/net/netstat`, whose lines come in pairs: names, then numbers. */
export function counterOf(netstat: string, group: string, name: string): number {
  const [names = '', numbers = ''] = netstat.split('\n').filter((line) => line.startsWith(`${group}:`))
  const at = names.split(' ').indexOf(name)
  return at < 0 ? Number.NaN : Number(numbers.split(' ')[at])
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return null
  }
}

function readAs(path: string, parse: (text: string) => number): number {
  const text = read(path)
  return text === null ? Number.NaN : parse(text)
}

export function cpuSeconds(pid: number): number {
  return readAs(`/proc/${pid}/stat`, cpuSecondsOf)
}

/** A process, its children, theirs, and so on. Without /proc: itself. */
export function familyOf(pid: number): number[] {
  const children = new Map<number, number[]>()
  for (const name of hasProc() ? readdirSync('/proc') : []) {
    const stat = /^\d+$/.test(name) ? read(`/proc/${name}/stat`) : null
    if (stat === null) continue
    const parent = parentOf(stat)
    children.set(parent, [...(children.get(parent) ?? []), Number(name)])
  }
  const family = [pid]
  // Grows while it is walked.
  for (const member of family) family.push(...(children.get(member) ?? []))
  return family
}

export function busySeconds(): number {
  return readAs('/proc/stat', busySecondsOf)
}

/** Resident bytes of a process. */
export function rssBytes(pid: number): number {
  return readAs(`/proc/${pid}/status`, (text) => kilobytesOf(text, 'VmRSS'))
}

/** Bytes of the kernel's own objects, sockets among them. */
export function slabBytes(): number {
  return readAs('/proc/meminfo', (text) => kilobytesOf(text, 'Slab'))
}

/** Connections that the kernel refused since a listen queue was full. */
export function listenOverflows(): number {
  return readAs('/proc/net/netstat', (text) => counterOf(text, 'TcpExt', 'ListenOverflows'))
}

/** Whether this machine has what the readers read. */
export function hasProc(): boolean {
  return existsSync('/proc/self/stat')
}
