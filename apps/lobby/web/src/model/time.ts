const clock = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' })
const full = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'short' })
const weekday = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' })
const withYear = new Intl.DateTimeFormat(undefined, { dateStyle: 'long' })

/** `14:05`, as the reader's country writes it. */
export function timeOfDay(at: number): string {
  return clock.format(at)
}

export function dateAndTime(at: number): string {
  return full.format(at)
}

/** `Today`, `Yesterday`, or a date. */
export function dayOf(at: number, now: number): string {
  const day = new Date(at)
  const today = new Date(now)
  if (day.toDateString() === today.toDateString()) return 'Today'
  today.setDate(today.getDate() - 1)
  if (day.toDateString() === today.toDateString()) return 'Yesterday'
  return day.getFullYear() === new Date(now).getFullYear() ? weekday.format(at) : withYear.format(at)
}

/** `Ada`, `Ada and Bob`, `Ada, Bob and 3 others`. */
export function listOf(names: readonly string[]): string {
  const [first = '', second = '', third = ''] = names
  if (names.length <= 1) return first
  if (names.length === 2) return `${first} and ${second}`
  if (names.length === 3) return `${first}, ${second} and ${third}`
  return `${first}, ${second} and ${names.length - 2} others`
}
