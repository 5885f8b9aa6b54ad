/**
 * The history of a request, as far as its record shows it. The record has neither the times of retries nor the times of
 * snoozes before the latest one; the history omits them.
 */
import type { Failure, Request } from '../client'
import { describeDuration, formatElapsed, formatTime, msBetween, queuedSince } from './times'

/** One line of the history. */
export interface Phase {
  text: string
  tone: 'plain' | 'work' | 'good' | 'bad'
  /** When the phase began, if that is known. */
  at?: string
  /** Why an attempt failed. */
  message?: string
}

/** A phase with its known ends. Between two spans the request waited. */
interface Span extends Omit<Phase, 'at'> {
  from?: string | undefined
  to?: string | undefined
  /** A remark on the wait before this span. */
  waitRemark?: string
}

export function historyOf(request: Request, now: number): Phase[] {
  const spans = [
    creation(request, now),
    ...retriesAndFailures(request),
    ...latestAttempt(request, now),
    ...end(request),
  ]
  const phases = spans.flatMap((span, index) => [...waitBetween(spans[index - 1], span), toPhase(span)])
  return [...phases, ...currentWait(request, spans.at(-1), now)]
}

/** The latest failure. None after a retry, since earlier failures do not concern the current run. */
export function lastFailure(request: Request): Failure | undefined {
  return isRetriedSinceFailure(request) ? undefined : request.errors?.at(-1)
}

function creation(request: Request, now: number): Span {
  const since = queuedSince(request)
  const text = since === request.created_at ? 'Created' : `Scheduled for ${formatTime(since, now)}`
  const hasAllFailures = (request.errors?.[0]?.attempt ?? 1) === 1 // the record keeps only the latest failures
  return { text, tone: 'plain', from: request.created_at, to: hasAllFailures ? since : undefined }
}

/** After a retry, attempts count from 1 again. Retries that no failure reveals came before the first known failure. */
function retriesAndFailures(request: Request): Span[] {
  const failures = request.errors ?? []
  const followsRetry = failures.map(({ attempt }, index) => index > 0 && attempt <= failures[index - 1]!.attempt)
  const isRetriedAfterLast = failures.length > 0 && isRetriedSinceFailure(request)
  const revealed = followsRetry.filter(Boolean).length + Number(isRetriedAfterLast)
  return [
    ...retries(request.redrive - revealed),
    ...failures.flatMap((failure, index) => [...retries(Number(followsRetry[index])), failedAttempt(request, failure)]),
    ...retries(Number(isRetriedAfterLast)),
  ]
}

function retries(count: number): Span[] {
  return count > 0 ? [{ text: count > 1 ? `Retried ${count} times` : 'Retried', tone: 'plain' }] : []
}

function failedAttempt(request: Request, failure: Failure): Span {
  const { attempt, at, message, started_at: started } = failure
  const isLatest = hasLatestAttemptFailed(request) && failure === request.errors?.at(-1)
  const from = started ?? (isLatest ? request.started_at : undefined) ?? undefined
  const duration = from ? ` after ${formatSpan(from, at)}` : ''
  return { text: `${attemptLabel(request, attempt)} failed${duration}`, tone: 'bad', from, to: at, message }
}

/** The latest attempt, unless it is among the failures. */
function latestAttempt(request: Request, now: number): Span[] {
  const { status, attempt, snoozes, started_at: from, finished_at: to, scheduled_at: until } = request
  if (!from || hasLatestAttemptFailed(request)) return []
  const isAsleep = isSnoozed(request)
  const earlierSnoozes = request.errors?.length ? 0 : snoozes - Number(isAsleep)
  const waitRemark = earlierSnoozes > 0 ? `, snoozed ${earlierSnoozes > 1 ? `${earlierSnoozes} times` : 'once'}` : ''
  if (isAsleep && until) {
    const text = `Started, snoozed until ${formatTime(until, now)}`
    return [{ text, tone: 'plain', from, to: until, waitRemark }]
  }
  const verb = status === 'completed' ? 'took' : 'stopped after'
  const duration = to ? ` ${verb} ${formatSpan(from, to)}` : soFar(from, now)
  return [{ text: attemptLabel(request, attempt) + duration, tone: 'work', from, waitRemark }]
}

function end({ status, finished_at: from }: Request): Span[] {
  return from ? [{ text: 'Ended', tone: 'plain', ...ENDS[status], from }] : []
}

function waitBetween(before: Span | undefined, next: Span): Phase[] {
  const text = before?.to && next.from && describeDuration('Waited', before.to, next.from)
  return text ? [{ text: text + (next.waitRemark ?? ''), tone: 'plain', at: before.to! }] : []
}

function currentWait({ status, scheduled_at: until }: Request, last: Span | undefined, now: number): Phase[] {
  const since = last?.to
  if (status !== 'queued' || (since && Date.parse(since) > now)) return []
  const isScheduled = until && Date.parse(until) > now
  const detail = isScheduled ? ` until ${formatTime(until, now)}` : since ? soFar(since, now) : ''
  return [{ text: `Waiting${detail}`, tone: 'plain', ...(since && { at: since }) }]
}

function toPhase({ text, tone, from, to, message }: Span): Phase {
  const at = from ?? to
  return { text, tone, ...(at && { at }), ...(message && { message }) }
}

function hasLatestAttemptFailed({ attempt, errors, started_at: started }: Request): boolean {
  const last = errors?.at(-1)
  return Boolean(last && started && last.attempt === attempt && msBetween(started, last.at) >= 0)
}

/** A snoozed attempt does not count, so `attempt` is that of the failure before it. */
function isSnoozed({ status, attempt, snoozes, errors }: Request): boolean {
  if (status === 'cancelled') return attempt === 0 || (snoozes > 0 && errors?.at(-1)?.attempt === attempt)
  return status === 'queued'
}

function isRetriedSinceFailure(request: Request): boolean {
  const { attempt, errors } = request
  const last = errors?.at(-1)?.attempt ?? 0
  return !hasLatestAttemptFailed(request) && attempt <= last && !(attempt === last && isSnoozed(request))
}

function attemptLabel({ max_attempts: max }: Request, attempt: number): string {
  return `Attempt ${attempt} of ${max}`
}

function formatSpan(from: string, to: string): string {
  return describeDuration('', from, to).trim() || 'less than 1 s'
}

function soFar(since: string, now: number): string {
  return `, ${formatElapsed(now - Date.parse(since))} so far`
}

const ENDS: Partial<Record<Request['status'], Pick<Phase, 'text' | 'tone'>>> = {
  completed: { text: 'Completed', tone: 'good' },
  failed: { text: 'Failed', tone: 'bad' },
  cancelled: { text: 'Cancelled', tone: 'plain' },
}
