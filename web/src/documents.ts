/** A Firestore document of a request as the API would answer it: with its id, times as texts, nothing internal. */
import type { Request } from './api'

interface Moment {
  seconds: number
  nanoseconds: number
}

/** What callers see. The compiler sees to it that this is exactly what the API's schema lists. */
const PUBLIC: Record<keyof Request, true> = {
  id: true,
  tenant: true,
  owner: true,
  type: true,
  input: true,
  run_at: true,
  notify: true,
  parent: true,
  status: true,
  redrive: true,
  generation: true,
  attempt: true,
  max_attempts: true,
  snoozes: true,
  progress: true,
  result: true,
  error: true,
  errors: true,
  scheduled_at: true,
  created_at: true,
  started_at: true,
  finished_at: true,
  expires_at: true,
}

export function requestOf(id: string, document: Record<string, unknown>): Request {
  const told = Object.entries(document).filter(([name, value]) => name in PUBLIC && value !== null)
  return { id, ...Object.fromEntries(told.map(([name, value]) => [name, plain(value)])) } as Request
}

/** RFC 3339 in UTC, to the microsecond, without a fraction where there is none: as pydantic writes it. */
export function isoOf({ seconds, nanoseconds }: Moment): string {
  const whole = new Date(seconds * 1000).toISOString().slice(0, 19)
  const micros = Math.floor(nanoseconds / 1000)
  return micros ? `${whole}.${String(micros).padStart(6, '0')}Z` : `${whole}Z`
}

function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain)
  if (value === null || typeof value !== 'object') return value
  if (isMoment(value)) return isoOf(value)
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)]))
}

/** The SDK's Timestamp is a class; a map of what somebody typed in is not. */
function isMoment(value: object): value is Moment {
  return 'toDate' in value && typeof value.toDate === 'function'
}
