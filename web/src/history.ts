/**
 * What a request went through, as far as its record tells. It tells neither when a person retried it, nor of more than
 * the latest time that it was put off: such times are left out, not guessed.
 */
import type { Failure, Request } from './api'
import { begins, between, growing, lasted, moment } from './times'

/** One state that a request was in, with its length among the words. */
export interface Phase {
  words: string
  tone: 'plain' | 'work' | 'good' | 'bad'
  /** When it began, where that is known. */
  at?: string
  /** Why it failed. */
  message?: string
}

/** A phase, and what is known of its ends. What lies between two of them was spent waiting. */
interface Span extends Omit<Phase, 'at'> {
  from?: string | undefined
  to?: string | undefined
  /** More about the waiting before it. */
  before?: string
}

export function historyOf(request: Request, now: number): Phase[] {
  const spans = [asked(request, now), ...retriesAndFailures(request), ...latest(request, now), ...end(request)]
  const told = spans.flatMap((span, index) => [...waited(spans[index - 1], span), phaseOf(span)])
  return [...told, ...waiting(request, spans.at(-1), now)]
}

function asked(request: Request, now: number): Span {
  const begin = begins(request)
  const words = begin === request.created_at ? 'Asked' : `Scheduled for ${moment(begin, now)}`
  const isWhole = (request.errors?.[0]?.attempt ?? 1) === 1 // else the first failures are no longer kept
  return { words, tone: 'plain', from: request.created_at, to: isWhole ? begin : undefined }
}

/** A retry begins to count at 1 again; those that no failure shows were before all that it does show. */
function retriesAndFailures(request: Request): Span[] {
  const failures = request.errors ?? []
  const spans = failures.map((failure) => failed(request, failure))
  const isAnew = failures.map(({ attempt }, index) => index > 0 && attempt <= failures[index - 1]!.attempt)
  const isSince = failures.length > 0 && isRetriedSince(request)
  const shown = isAnew.filter(Boolean).length + Number(isSince)
  return [
    ...retried(request.redrive - shown),
    ...spans.flatMap((span, index) => [...retried(Number(isAnew[index])), span]),
    ...retried(Number(isSince)),
  ]
}

function retried(times: number): Span[] {
  return times > 0 ? [{ words: times > 1 ? `Retried ${times} times` : 'Retried', tone: 'plain' }] : []
}

function failed(request: Request, failure: Failure): Span {
  const { attempt, at, message, started_at: began } = failure
  const isLatest = hasFailed(request) && failure === request.errors?.at(-1)
  const from = began ?? (isLatest ? request.started_at : undefined) ?? undefined
  const after = from ? ` after ${length(from, at)}` : ''
  return { words: `${nth(request, attempt)} failed${after}`, tone: 'bad', from, to: at, message }
}

/** The latest attempt, unless it is among the failures. */
function latest(request: Request, now: number): Span[] {
  const { status, attempt, snoozes, started_at: from, finished_at: to, scheduled_at: until } = request
  if (!from || hasFailed(request)) return []
  const isOff = isPutOff(request)
  const earlier = request.errors?.length ? 0 : snoozes - Number(isOff)
  const before = earlier > 0 ? `, put off ${earlier > 1 ? `${earlier} times` : 'once'}` : ''
  if (isOff && until) {
    return [{ words: `Begun, put off until ${moment(until, now)}`, tone: 'plain', from, to: until, before }]
  }
  const ended = status === 'completed' ? 'took' : 'stopped after'
  const took = to ? ` ${ended} ${length(from, to)}` : soFar(from, now)
  return [{ words: nth(request, attempt) + took, tone: 'work', from, before }]
}

function end({ status, finished_at: from }: Request): Span[] {
  return from ? [{ words: 'Ended', tone: 'plain', ...ENDS[status], from }] : []
}

function waited(before: Span | undefined, next: Span): Phase[] {
  const words = before?.to && next.from && between('Waited', before.to, next.from)
  return words ? [{ words: words + (next.before ?? ''), tone: 'plain', at: before.to! }] : []
}

function waiting({ status, scheduled_at: until }: Request, last: Span | undefined, now: number): Phase[] {
  const since = last?.to
  if (status !== 'queued' || (since && Date.parse(since) > now)) return []
  const isPlanned = until && Date.parse(until) > now
  const words = isPlanned ? ` until ${moment(until, now)}` : since ? soFar(since, now) : ''
  return [{ words: `Waiting${words}`, tone: 'plain', ...(since && { at: since }) }]
}

function phaseOf({ words, tone, from, to, message }: Span): Phase {
  const at = from ?? to
  return { words, tone, ...(at && { at }), ...(message && { message }) }
}

/** Whether the latest attempt is the last of the failures. */
function hasFailed({ attempt, errors, started_at: started }: Request): boolean {
  const last = errors?.at(-1)
  return Boolean(last && started && last.attempt === attempt && lasted(started, last.at) >= 0)
}

/** The attempt that is put off does not count, so the count is that of the failure before it. */
function isPutOff({ status, attempt, snoozes, errors }: Request): boolean {
  if (status === 'cancelled') return attempt === 0 || (snoozes > 0 && errors?.at(-1)?.attempt === attempt)
  return status === 'queued'
}

/** The latest failure, unless a person has retried it since: then it says nothing about how it goes now. */
export function lastFailure(request: Request): Failure | undefined {
  return isRetriedSince(request) ? undefined : request.errors?.at(-1)
}

/** Whether a person has retried it after the last of its failures. */
function isRetriedSince(request: Request): boolean {
  const { attempt, errors } = request
  const last = errors?.at(-1)?.attempt ?? 0
  return !hasFailed(request) && attempt <= last && !(attempt === last && isPutOff(request))
}

function nth({ max_attempts: most }: Request, attempt: number): string {
  return `Attempt ${attempt} of ${most}`
}

function length(from: string, to: string): string {
  return between('', from, to).trim() || 'less than 1 s'
}

function soFar(since: string, now: number): string {
  return `, ${growing(now - Date.parse(since))} so far`
}

const ENDS: Partial<Record<Request['status'], Pick<Phase, 'words' | 'tone'>>> = {
  completed: { words: 'Ready', tone: 'good' },
  failed: { words: 'Given up', tone: 'bad' },
  cancelled: { words: 'Cancelled', tone: 'plain' },
}
