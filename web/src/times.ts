/** Moments and durations in words. */
import type { Failure, Request } from './api'
import { isOpen } from './api'

export function duration(ms: number): string {
  const seconds = Math.max(0, ms) / 1000
  if (seconds < 10) return `${(Math.floor(seconds * 10) / 10).toFixed(1)} s`
  if (seconds < 60) return `${Math.floor(seconds)} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min${minutes < 10 ? ` ${Math.floor(seconds % 60)} s` : ''}`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days`
}

/** A duration that is still growing, so without tenths. */
export function growing(ms: number): string {
  return ms < 10_000 ? `${Math.max(0, Math.floor(ms / 1000))} s` : duration(ms)
}

export function moment(iso: string, now: number): string {
  const at = new Date(iso)
  const time = at.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })
  if (at.toDateString() === new Date(now).toDateString()) return time
  const day: Intl.DateTimeFormatOptions = { weekday: 'short', day: 'numeric', month: 'short' }
  return `${at.toLocaleDateString([], day)}, ${time}`
}

export function ago(iso: string, now: number): string {
  const ms = now - Date.parse(iso)
  if (ms < 45_000) return 'just now'
  if (ms < 3_600_000) return `${Math.max(1, Math.round(ms / 60_000))} min ago`
  return moment(iso, now)
}

/** What a date-time field of the form says, with the offset that holds here then. */
export function withOffset(local: string): string {
  const at = new Date(local)
  const minutes = -at.getTimezoneOffset()
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0')
  const sign = minutes < 0 ? '-' : '+'
  return `${local.slice(0, 16)}:00${sign}${two(Math.abs(minutes) / 60)}:${two(Math.abs(minutes) % 60)}`
}

/** The value of a date-time field that stands for a moment. */
export function localValue(at: Date): string {
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
}

/** How long an ended request waited and was worked on; a retried one has waited for its people as well. */
export function spent({ created_at: asked, started_at: started, finished_at: finished, attempt, redrive }: Request): string {
  if (!finished) return ''
  if (!started) return between('waited', asked, finished)
  const waited = attempt === 1 && redrive === 0 ? between('waited', asked, started) : ''
  return [waited, between('took', started, finished)].filter(Boolean).join(', ')
}

/** Less than a second is not worth telling. */
function between(word: string, one: string, other: string): string {
  const ms = Date.parse(other) - Date.parse(one)
  return ms < 1_000 ? '' : `${word} ${duration(ms)}`
}

export interface Phase {
  label: string
  at: string
  /** Until the next one began, or until now; absent for an end. */
  took?: number
  failure?: Failure
}

/** What a request went through, oldest first, as far as its record tells. */
export function phases(request: Request, now: number): Phase[] {
  const { attempt, max_attempts: most, started_at: started, finished_at: finished, errors } = request
  const told: Phase[] = [{ label: 'Asked', at: request.created_at }]
  for (const failure of errors ?? []) {
    told.push({ label: `Attempt ${failure.attempt} failed`, at: failure.at, failure })
  }
  if (started) told.push({ label: `Attempt ${attempt} of ${most} began`, at: started })
  told.sort((one, other) => Date.parse(one.at) - Date.parse(other.at))
  if (finished) told.push({ label: ENDS[request.status] ?? 'Ended', at: finished })
  return told.map((phase, index) => {
    const next = told[index + 1]
    if (next) return { ...phase, took: Date.parse(next.at) - Date.parse(phase.at) }
    return isOpen(request) ? { ...phase, took: now - Date.parse(phase.at) } : phase
  })
}

const ENDS: Partial<Record<Request['status'], string>> = {
  completed: 'Ready',
  failed: 'Given up',
  cancelled: 'Cancelled',
}
