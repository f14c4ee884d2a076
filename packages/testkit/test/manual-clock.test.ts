import { describe, expect, it } from 'vitest'
import { HostClock, manualClock } from '../src/index.ts'

describe('a manual clock', () => {
  it('stands still, runs what falls due in order of time, and each task at its own time', async () => {
    const clock = manualClock({ startMs: 1_000 })
    const ran: string[] = []
    clock.after(30, () => ran.push(`c at ${clock.now()}`))
    clock.after(10, () => ran.push(`a at ${clock.now()}`))
    clock.after(10, () => ran.push(`b at ${clock.now()}`))
    clock.after(31, () => ran.push('never'))
    expect(ran).toEqual([])
    await clock.advance(30)
    expect(ran).toEqual(['a at 1010', 'b at 1010', 'c at 1030'])
    expect([clock.now(), clock.pending]).toEqual([1_030, 1])
  })

  it('runs the end of a turn before any timer, in order, also what is put off meanwhile', async () => {
    const clock = manualClock()
    const ran: string[] = []
    clock.after(0, () => ran.push('timer'))
    clock.soon(() => {
      ran.push('soon')
      clock.soon(() => ran.push('sooner than a timer'))
    })
    await clock.settle()
    expect(ran).toEqual(['soon', 'sooner than a timer', 'timer'])
  })

  it('lets every promise take effect before the next task, however long its chain', async () => {
    const clock = manualClock()
    const ran: string[] = []
    const chain = async (name: string) => {
      for (let i = 0; i < 50; i++) await Promise.resolve()
      await new Promise((resolve) => process.nextTick(resolve))
      ran.push(name)
    }
    clock.after(5, () => void chain('first'))
    clock.after(5, () => ran.push('second'))
    await clock.advance(5)
    expect(ran).toEqual(['first', 'second'])
  })

  it('runs what a task schedules, if it falls within the time', async () => {
    const clock = manualClock()
    const at: number[] = []
    const again = () => {
      at.push(clock.now() - 1_700_000_000_000)
      clock.after(10, again)
    }
    clock.after(10, again)
    await clock.advance(35)
    expect(at).toEqual([10, 20, 30])
  })

  it('does not run what was undone, and undoing twice is nothing', async () => {
    const clock = manualClock()
    const ran: string[] = []
    const undo = clock.after(5, () => ran.push('no'))
    clock.after(4, undo)
    const other = clock.soon(() => ran.push('no'))
    other()
    other()
    expect(clock.pending).toBe(2)
    await clock.advance(10)
    undo()
    expect([ran, clock.pending]).toEqual([[], 0])
  })

  it('counts in whole milliseconds, never early', async () => {
    const clock = manualClock({ startMs: 0 })
    const at: number[] = []
    for (const ms of [0.2, 1, 1.5, -5, 0]) clock.after(ms, () => at.push(clock.now()))
    await clock.advance(0)
    expect(at).toEqual([0, 0])
    await clock.advance(2)
    expect(at).toEqual([0, 0, 1, 1, 2])
  })

  it('moves on until a promise is settled, and no further', async () => {
    const clock = manualClock({ startMs: 0 })
    const later = new Promise<string>((resolve) => clock.after(700, () => resolve('done')))
    clock.after(701, () => expect.unreachable())
    expect(await clock.until(later)).toBe('done')
    expect(clock.now()).toBe(700)
    await expect(clock.until(Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(await clock.until(Promise.resolve(1))).toBe(1)
    expect(clock.now()).toBe(700)
  })

  it('gives up on a promise that is not settled in time', async () => {
    const clock = manualClock({ startMs: 0 })
    await expect(clock.until(new Promise(() => {}), 500)).rejects.toThrow('not settled within 500 ms')
    expect(clock.now()).toBe(500)
  })

  it('passes on what a task throws, and can go on', async () => {
    const clock = manualClock({ startMs: 0 })
    const ran: string[] = []
    clock.after(1, () => {
      throw new Error('broken')
    })
    clock.after(2, () => ran.push('next'))
    await expect(clock.advance(10)).rejects.toThrow('broken')
    expect(clock.now()).toBe(1)
    await clock.advance(9)
    expect(ran).toEqual(['next'])
  })

  it('tells tasks that call one another without end from many tasks', async () => {
    const clock = manualClock({ maxTasksAtOnce: 1_000 })
    for (let i = 0; i < 900; i++) clock.after(1, () => {})
    await clock.advance(1)
    const spin = () => void clock.soon(spin)
    spin()
    await expect(clock.advance(1)).rejects.toThrow('without end')
  })

  it('refuses to be moved twice at once, or backwards', async () => {
    const clock = manualClock()
    const moving = clock.advance(10)
    await expect(clock.advance(1)).rejects.toThrow('moving already')
    await moving
    await expect(clock.advance(-1)).rejects.toThrow(RangeError)
    await expect(clock.advance(Number.NaN)).rejects.toThrow(RangeError)
  })

  it('keeps thousands of tasks in order', async () => {
    const clock = manualClock({ startMs: 0 })
    const ran: number[] = []
    for (let i = 0; i < 3_000; i++) {
      const at = (i * 7_919) % 1_009
      clock.after(at, () => ran.push(at))
    }
    await clock.advance(2_000)
    expect(ran).toEqual([...ran].sort((a, b) => a - b))
    expect(ran).toHaveLength(3_000)
  })
})

describe('the clock of one machine', () => {
  it('does what fell due while it slept when it wakes, in order', async () => {
    const clock = manualClock({ startMs: 0 })
    const host = new HostClock(clock, 5)
    const ran: string[] = []
    host.after(10, () => ran.push(`first at ${host.now()}`))
    host.after(20, () => ran.push('second'))
    const undo = host.after(15, () => ran.push('undone'))
    host.sleep()
    await clock.advance(50)
    expect([ran, host.running]).toEqual([[], false])
    undo()
    host.wake()
    await clock.advance(0)
    expect(ran).toEqual(['first at 55', 'second'])
    host.soon(() => ran.push('third'))
    await clock.settle()
    expect(ran.at(-1)).toBe('third')
  })

  it('never does anything again once it is stopped', async () => {
    const clock = manualClock()
    const host = new HostClock(clock)
    const ran: string[] = []
    host.after(1, () => ran.push('no'))
    host.sleep()
    host.stop()
    host.wake()
    host.soon(() => ran.push('no'))
    await clock.advance(10)
    expect([ran, host.running]).toEqual([[], false])
  })
})
