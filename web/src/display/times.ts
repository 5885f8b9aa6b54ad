/** Times and durations as text. */
import type { Request } from '../client'

export function formatDuration(ms: number): string {
  const seconds = Math.max(0, ms) / 1000
  if (seconds < 10) return `${(Math.floor(seconds * 10) / 10).toFixed(1)} s`
  if (seconds < 60) return `${Math.floor(seconds)} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min${minutes < 10 ? ` ${Math.floor(seconds % 60)} s` : ''}`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days`
}

/** A duration that is still growing has no tenths. */
export function formatElapsed(ms: number): string {
  return ms < 10_000 ? `${Math.max(0, Math.floor(ms / 1000))} s` : formatDuration(ms)
}

/** The time of day, and the date unless it is today. */
export function formatTime(iso: string, now: number): string {
  const at = new Date(iso)
  const time = at.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })
  if (at.toDateString() === new Date(now).toDateString()) return time
  const day: Intl.DateTimeFormatOptions = { weekday: 'short', day: 'numeric', month: 'short' }
  return `${at.toLocaleDateString([], day)}, ${time}`
}

export function formatAge(iso: string, now: number): string {
  const ms = now - Date.parse(iso)
  if (ms < 45_000) return 'just now'
  if (ms < 3_600_000) return `${Math.max(1, Math.round(ms / 60_000))} min ago`
  return formatTime(iso, now)
}

/** How long a completed request waited and took. After a retry or a second attempt, only how long the last one took. */
export function summarizeDurations(request: Request): string {
  const { status, started_at: started, finished_at: finished, attempt, redrive } = request
  if (status !== 'completed' || !started || !finished) return ''
  const waited = attempt === 1 && redrive === 0 ? describeDuration('waited', queuedSince(request), started) : ''
  return [waited, describeDuration('took', started, finished)].filter(Boolean).join(', ')
}

/** A scheduled request does not wait before its time. */
export function queuedSince({ created_at: created, run_at: scheduled }: Request): string {
  return scheduled && msBetween(created, scheduled) > 0 ? scheduled : created
}

/** Empty for less than a second. */
export function describeDuration(verb: string, from: string, to: string): string {
  const ms = msBetween(from, to)
  return ms < 1_000 ? '' : `${verb} ${formatDuration(ms)}`
}

export function msBetween(from: string, to: string): number {
  return Date.parse(to) - Date.parse(from)
}
