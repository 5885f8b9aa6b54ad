/** Converts a Firestore document into the request that the API would return: id, RFC 3339 times, no internal fields. */
import type { Request } from './api'

interface Timestamp {
  seconds: number
  nanoseconds: number
}

/** The fields that callers can read. The compiler checks that these are exactly the fields of the API's schema. */
const PUBLIC_FIELDS: Record<keyof Request, true> = {
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

export function toRequest(id: string, document: Record<string, unknown>): Request {
  const fields = Object.entries(document).filter(([name, value]) => name in PUBLIC_FIELDS && value !== null)
  return { id, ...Object.fromEntries(fields.map(([name, value]) => [name, toJson(value)])) } as Request
}

/** RFC 3339 in UTC with microseconds, and without a fraction for a whole second: the format of pydantic. */
export function toIsoTime({ seconds, nanoseconds }: Timestamp): string {
  const whole = new Date(seconds * 1000).toISOString().slice(0, 19)
  const micros = Math.floor(nanoseconds / 1000)
  return micros ? `${whole}.${String(micros).padStart(6, '0')}Z` : `${whole}Z`
}

function toJson(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toJson)
  if (value === null || typeof value !== 'object') return value
  if (isTimestamp(value)) return toIsoTime(value)
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, toJson(inner)]))
}

/** The SDK's Timestamp has methods. A map in a user's input has none, even if its fields have the same names. */
function isTimestamp(value: object): value is Timestamp {
  return 'toDate' in value && typeof value.toDate === 'function'
}
