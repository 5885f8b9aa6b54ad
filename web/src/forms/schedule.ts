/**
 * Conversions between the time of a request and the value of a date-time field, which has no time zone. Where the clocks
 * of the user's zone go forward, local times are skipped; where they go back, local times come twice.
 */
const MINUTE_MS = 60_000
/** More than any offset and any change of it together. */
const SEARCH_MS = 48 * 60 * MINUTE_MS

/** In RFC 3339, with the offset that this time zone has at that moment. A skipped time has the offset from before it. */
export function toRfc3339(local: string, now = Date.now()): string {
  const at = findMoment(local, now)
  const offset = (toWallClock(at) - at) / MINUTE_MS
  if (!Number.isInteger(offset)) return `${new Date(at).toISOString().slice(0, 19)}Z` // RFC 3339 has no such offset
  return new Date(toWallClock(at)).toISOString().slice(0, 19) + formatOffset(offset)
}

export function toLocalValue(at: Date): string {
  return new Date(toWallClock(at.getTime())).toISOString().slice(0, 16)
}

/** Returns an error message, or nothing. The current minute is not in the past. */
export function validateRunAt(local: string, now: number): string {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(local)) return 'Please choose a date and time.'
  if (isPast(findMoment(local, now), now)) return 'This time is in the past. Please choose a later one.'
  if (listMoments(local).length) return ''
  return `This time does not exist: the clocks go forward from ${describeGap(parseWallClock(local))}. Please choose another one.`
}

/** Which of two equal local times is meant; empty for all others. */
export function describeRepeat(local: string, now: number): string {
  const moments = listMoments(local)
  if (moments.length < 2) return ''
  const which = findMoment(local, now) === moments[0] ? 'first' : 'second'
  return `The clocks go back, so this time comes twice. The ${which} one counts (UTC${toRfc3339(local, now).slice(19)}).`
}

/** The first moment with this local time that is not in the past. */
function findMoment(local: string, now: number): number {
  const moments = listMoments(local)
  return moments.find((at) => !isPast(at, now)) ?? moments[0] ?? Date.parse(local.slice(0, 16))
}

function isPast(at: number, now: number): boolean {
  return at < now - MINUTE_MS
}

/** None for a skipped time, two for a time that comes twice. */
function listMoments(local: string): number[] {
  const wallClock = parseWallClock(local)
  const candidates = [wallClock - SEARCH_MS, wallClock + SEARCH_MS].map((at) => wallClock - (toWallClock(at) - at))
  return [...new Set(candidates)].filter((at) => toWallClock(at) === wallClock).sort((one, other) => one - other)
}

/** The local times between which the clocks skip this one. */
function describeGap(wallClock: number): string {
  let [before, after] = [wallClock - SEARCH_MS, wallClock + SEARCH_MS]
  while (after - before > 1_000) {
    const middle = before + Math.floor((after - before) / 2_000) * 1_000
    if (toWallClock(middle) > wallClock) after = middle
    else before = middle
  }
  const [from, to] = [new Date(toWallClock(before) + 1_000), new Date(toWallClock(after))]
  const isSameDay = from.toISOString().slice(0, 10) === to.toISOString().slice(0, 10)
  return `${formatDay(from)}${formatTimeOfDay(from)} to ${isSameDay ? '' : formatDay(to)}${formatTimeOfDay(to)}`
}

function formatDay(wallClock: Date): string {
  return `${wallClock.toLocaleDateString([], { weekday: 'short', day: 'numeric', month: 'short', timeZone: 'UTC' })}, `
}

function formatTimeOfDay(wallClock: Date): string {
  return wallClock.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', timeZone: 'UTC' })
}

/** A local time as the moment at which UTC has it. Seconds are not part of the field. */
function parseWallClock(local: string): number {
  return Date.parse(`${local.slice(0, 16)}Z`)
}

function toWallClock(at: number): number {
  const date = new Date(at)
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()] as const
  return Date.UTC(date.getFullYear(), date.getMonth(), date.getDate(), ...time)
}

function formatOffset(minutes: number): string {
  const twoDigits = (value: number) => String(Math.floor(value)).padStart(2, '0')
  const [sign, size] = [minutes < 0 ? '-' : '+', Math.abs(minutes)]
  return `${sign}${twoDigits(size / 60)}:${twoDigits(size % 60)}`
}
