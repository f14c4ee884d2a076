import type { Unit } from '../contest.ts'

/** A figure for a person to read: three digits that count, and its unit. */
export function format(value: number, unit: Unit): string {
  if (!Number.isFinite(value)) return '–'
  switch (unit) {
    case 'per second':
      return `${scaled(value, 1000, ['', ' k', ' M', ' G'])}/s`
    case 'bytes':
      return scaled(value, 1024, [' B', ' KiB', ' MiB', ' GiB'])
    case 'ms':
      return value >= 1000 ? `${digits(value / 1000)} s` : `${digits(value)} ms`
    case 'ratio':
      return `${digits(value)} ×`
    case 'percent':
      return `${digits(value)} %`
    case 'number':
      return digits(value)
  }
}

function scaled(value: number, step: number, names: readonly string[]): string {
  let [rest, power] = [value, 0]
  while (Math.abs(rest) >= step && power < names.length - 1) {
    rest /= step
    power++
  }
  return `${digits(rest)}${names[power]}`
}

function digits(value: number): string {
  const size = Math.abs(value)
  if (size >= 1000) return Math.round(value).toLocaleString('en')
  const places = size >= 100 ? 0 : size >= 10 ? 1 : 2
  return String(Number(value.toFixed(places)))
}
