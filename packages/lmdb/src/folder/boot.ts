import { readFileSync } from 'node:fs'
import { uptime } from 'node:os'

/**
 * Names the run of the operating system: the same until it is started again. Where the system does not name it, its start
 * in seconds does, which is only nearly the same each time: compare with `isSameBoot`.
 */
export function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
  } catch {
    return `at:${Math.round(Date.now() / 1000 - uptime())}`
  }
}

/** How far the computed starts of one run may lie apart: the wall clock is set now and then. */
const SLACK_S = 60

export function isSameBoot(a: string, b: string): boolean {
  if (!a.startsWith('at:') || !b.startsWith('at:')) return a === b
  return Math.abs(Number(a.slice(3)) - Number(b.slice(3))) <= SLACK_S
}

/** When a process began, in a form to compare; null if there is no such process, undefined if it cannot be told. */
export function processStart(pid: number): string | null | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The second field is the program's name in parentheses, and may hold anything; the third is the state, the 22nd the
    // start. A zombie is dead, only nobody has asked for its exit code yet.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' || fields[0] === 'X' ? null : fields[19]
  } catch {
    return isAlive(pid) ? undefined : null
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
