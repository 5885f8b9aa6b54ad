/** Conversions between the time of a request and the value of a date-time field, which has no time zone. */

/** In RFC 3339, with the offset that this time zone has at that moment. */
export function toRfc3339(local: string): string {
  const at = new Date(local)
  const minutes = -at.getTimezoneOffset()
  const twoDigits = (value: number) => String(Math.floor(value)).padStart(2, '0')
  const sign = minutes < 0 ? '-' : '+'
  return `${local.slice(0, 16)}:00${sign}${twoDigits(Math.abs(minutes) / 60)}:${twoDigits(Math.abs(minutes) % 60)}`
}

export function toLocalValue(at: Date): string {
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
}

/** Returns an error message, or nothing. The current minute is not in the past. */
export function validateRunAt(local: string, now: number): string {
  if (!local) return 'Please choose a date and time.'
  return Date.parse(local) < now - 60_000 ? 'This time is in the past. Please choose a later one.' : ''
}
