/** Moments and durations in words. */
import type { Request } from './api'

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

/** What is wrong with the date-time of somebody who wants something later. The minute that runs is no past one. */
export function faultOfMoment(local: string, now: number): string {
  if (!local) return 'Please choose a date and time.'
  return Date.parse(local) < now - 60_000 ? 'This time has passed. Please choose a later one.' : ''
}

/** How long a finished request waited and was worked on; a retried one has waited for its people as well. */
export function spent(request: Request): string {
  const { status, started_at: started, finished_at: finished, attempt, redrive } = request
  if (status !== 'completed' || !started || !finished) return ''
  const waited = attempt === 1 && redrive === 0 ? between('waited', begins(request), started) : ''
  return [waited, between('took', started, finished)].filter(Boolean).join(', ')
}

/** When its waiting began: what is scheduled does not wait before its time. */
export function begins({ created_at: asked, run_at: planned }: Request): string {
  return planned && lasted(asked, planned) > 0 ? planned : asked
}

/** Less than a second is not worth telling. */
export function between(word: string, one: string, other: string): string {
  const ms = lasted(one, other)
  return ms < 1_000 ? '' : `${word} ${duration(ms)}`
}

/** In milliseconds. */
export function lasted(from: string, to: string): number {
  return Date.parse(to) - Date.parse(from)
}
