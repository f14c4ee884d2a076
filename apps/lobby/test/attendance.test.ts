import { describe, expect, it } from 'vitest'
import { Attendance } from '../web/src/model/attendance.ts'

const person = (key: string) => ({ key, name: key.toUpperCase() })
const people = (keys: string) => [...keys].map(person)
const show = (movements: ReturnType<Attendance['see']>) =>
  movements.map(({ kind, person }) => `${person.name} ${kind}`).join(', ')

describe('attendance', () => {
  it('announces nobody who was here before', () => {
    const attendance = new Attendance('a')
    expect(show(attendance.see(people('ab')))).toBe('')
    expect(show(attendance.settle())).toBe('')
    expect(show(attendance.see(people('abc')))).toBe('C joined')
    expect(show(attendance.see(people('ac')))).toBe('B left')
  })

  it('never announces oneself', () => {
    const attendance = new Attendance('a')
    attendance.settle()
    expect(show(attendance.see(people('ab')))).toBe('B joined')
    expect(show(attendance.see(people('b')))).toBe('')
  })

  it('waits after a lost connection until everybody had time to come back', () => {
    const attendance = new Attendance('a')
    attendance.see(people('abc'))
    attendance.settle()
    attendance.unsettle()
    expect(show(attendance.see(people('a')))).toBe('')
    expect(show(attendance.see(people('abd')))).toBe('')
    expect(show(attendance.settle())).toBe('C left, D joined')
    expect(show(attendance.settle())).toBe('')
  })
})
