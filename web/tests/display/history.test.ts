import { describe, expect, test } from 'vitest'

import type { Failure, Request } from '../../src/client'
import { historyOf, lastFailure, type Phase } from '../../src/display/history'
import { formatTime } from '../../src/display/times'

const NOW = Date.parse(at(60))
const CREATED: Phase = { text: 'Created', tone: 'plain', at: at(0) }
const CANCELLED: Phase = { text: 'Cancelled', tone: 'plain', at: at(30) }

/** Seconds after the request was created. */
function at(seconds: number): string {
  return new Date(Date.UTC(2026, 0, 1) + seconds * 1_000).toISOString()
}

function request(given: Partial<Request>): Request {
  const counts = { redrive: 0, generation: 0, attempt: 0, max_attempts: 3, snoozes: 0 }
  return {
    id: '1',
    owner: 'ann',
    type: 'diagnostic',
    input: {},
    status: 'queued',
    created_at: at(0),
    ...counts,
    ...given,
  }
}

function failure(attempt: number, seconds: number, started?: number): Failure {
  const startedAt = started !== undefined && { started_at: at(started) }
  return { code: 'attempt_failed', message: `Failure ${attempt}.`, attempt, at: at(seconds), ...startedAt }
}

function plain(text: string, seconds?: number): Phase {
  return { text, tone: 'plain', ...(seconds !== undefined && { at: at(seconds) }) }
}

function failed(text: string, attempt: number, seconds: number): Phase {
  return { text, tone: 'bad', at: at(seconds), message: `Failure ${attempt}.` }
}

function history(given: Partial<Request>): Phase[] {
  return historyOf(request(given), NOW)
}

describe('a waiting request', () => {
  test('has waited since its creation', () => {
    expect(history({})).toEqual([CREATED, plain('Waiting, 1 min 0 s so far', 0)])
  })

  test('does not wait before its scheduled time', () => {
    const run_at = at(3_600)

    expect(history({ run_at, scheduled_at: run_at })).toEqual([plain(`Scheduled for ${formatTime(run_at, NOW)}`, 0)])
  })

  test('has waited since its scheduled time', () => {
    const [run_at, time] = [at(45), formatTime(at(45), NOW)]

    expect(history({ run_at, scheduled_at: run_at })).toEqual([
      plain(`Scheduled for ${time}`, 0),
      plain('Waiting, 15 s so far', 45),
    ])
  })

  test('has waited since its creation if its scheduled time was in the past', () => {
    expect(history({ run_at: at(-9) })).toEqual([CREATED, plain('Waiting, 1 min 0 s so far', 0)])
  })

  test('has waited since its last attempt failed', () => {
    expect(history({ attempt: 1, started_at: at(2), errors: [failure(1, 5)] })).toEqual([
      CREATED,
      plain('Waited 2.0 s', 0),
      failed('Attempt 1 of 3 failed after 3.0 s', 1, 2),
      plain('Waiting, 55 s so far', 5),
    ])
  })

  test('shows the time of its next attempt', () => {
    const given = { attempt: 1, started_at: at(0), errors: [failure(1, 5)], scheduled_at: at(90) }

    expect(history(given)).toEqual([
      CREATED,
      failed('Attempt 1 of 3 failed after 5.0 s', 1, 0),
      plain(`Waiting until ${formatTime(at(90), NOW)}`, 5),
    ])
  })

  test('shows the end of its snooze', () => {
    expect(history({ started_at: at(2), snoozes: 1, scheduled_at: at(90) })).toEqual([
      CREATED,
      plain('Waited 2.0 s', 0),
      plain(`Started, snoozed until ${formatTime(at(90), NOW)}`, 2),
    ])
  })

  test('has waited since the end of its snooze', () => {
    expect(history({ started_at: at(0), snoozes: 2, scheduled_at: at(50) })).toEqual([
      CREATED,
      plain(`Started, snoozed until ${formatTime(at(50), NOW)}`, 0),
      plain('Waiting, 10 s so far', 50),
    ])
  })

  test('shows a failure before its snooze', () => {
    const given = { attempt: 1, started_at: at(9), snoozes: 1, scheduled_at: at(90), errors: [failure(1, 5, 3)] }

    expect(history(given)).toEqual([
      CREATED,
      plain('Waited 3.0 s', 0),
      failed('Attempt 1 of 3 failed after 2.0 s', 1, 3),
      plain('Waited 4.0 s', 5),
      plain(`Started, snoozed until ${formatTime(at(90), NOW)}`, 9),
    ])
  })
})

describe('an attempt', () => {
  const processing = { status: 'processing' as const }

  test('shows how long it has run so far', () => {
    expect(history({ ...processing, attempt: 1, started_at: at(52) })).toEqual([
      CREATED,
      plain('Waited 52 s', 0),
      { text: 'Attempt 1 of 3, 8 s so far', tone: 'work', at: at(52) },
    ])
  })

  test('shows how often it was snoozed before', () => {
    const text = (snoozes: number) => history({ ...processing, attempt: 1, snoozes, started_at: at(9) })[1]?.text

    expect(text(0)).toBe('Waited 9.0 s')
    expect(text(1)).toBe('Waited 9.0 s, snoozed once')
    expect(text(2)).toBe('Waited 9.0 s, snoozed 2 times')
  })

  test('after a failure does not show snoozes, whose times are unknown', () => {
    const given = { ...processing, attempt: 2, snoozes: 1, started_at: at(9), errors: [failure(1, 5, 3)] }

    expect(history(given).map(({ text }) => text)).toEqual([
      'Created',
      'Waited 3.0 s',
      'Attempt 1 of 3 failed after 2.0 s',
      'Waited 4.0 s',
      'Attempt 2 of 3, 51 s so far',
    ])
  })

  test('follows at once if it took over a lost one', () => {
    const errors = [{ ...failure(1, 40, 2), code: 'lost' }]

    expect(history({ ...processing, attempt: 2, started_at: at(40), errors })).toEqual([
      CREATED,
      plain('Waited 2.0 s', 0),
      failed('Attempt 1 of 3 failed after 38 s', 1, 2),
      { text: 'Attempt 2 of 3, 20 s so far', tone: 'work', at: at(40) },
    ])
  })

  test('is followed by a wait since the rescue', () => {
    const errors = [{ ...failure(1, 40, 2), code: 'lost' }]

    expect(history({ attempt: 1, started_at: at(2), errors })).toEqual([
      CREATED,
      plain('Waited 2.0 s', 0),
      failed('Attempt 1 of 3 failed after 38 s', 1, 2),
      plain('Waiting, 20 s so far', 40),
    ])
  })
})

describe('an ended request', () => {
  const ended = { finished_at: at(30) }

  test('has three lines for one attempt, and none for a wait under a second', () => {
    expect(history({ ...ended, status: 'completed', attempt: 1, started_at: at(0.9) })).toEqual([
      CREATED,
      { text: 'Attempt 1 of 3 took 29 s', tone: 'work', at: at(0.9) },
      { text: 'Completed', tone: 'good', at: at(30) },
    ])
  })

  test('shows the duration of each attempt and of each wait', () => {
    const errors = [failure(1, 5, 2), failure(2, 12, 9)]

    expect(history({ ...ended, status: 'completed', attempt: 3, started_at: at(20), errors })).toEqual([
      CREATED,
      plain('Waited 2.0 s', 0),
      failed('Attempt 1 of 3 failed after 3.0 s', 1, 2),
      plain('Waited 4.0 s', 5),
      failed('Attempt 2 of 3 failed after 3.0 s', 2, 9),
      plain('Waited 8.0 s', 12),
      { text: 'Attempt 3 of 3 took 10 s', tone: 'work', at: at(20) },
      { text: 'Completed', tone: 'good', at: at(30) },
    ])
  })

  test('omits the duration of an attempt whose start is unknown', () => {
    const errors = [failure(1, 5), failure(2, 12)]

    expect(history({ ...ended, status: 'completed', attempt: 3, started_at: at(20), errors })).toEqual([
      CREATED,
      failed('Attempt 1 of 3 failed', 1, 5),
      failed('Attempt 2 of 3 failed', 2, 12),
      plain('Waited 8.0 s', 12),
      { text: 'Attempt 3 of 3 took 10 s', tone: 'work', at: at(20) },
      { text: 'Completed', tone: 'good', at: at(30) },
    ])
  })

  test('fails with its last attempt', () => {
    const errors = [failure(1, 5, 0), failure(2, 12, 9), failure(3, 30)]

    expect(history({ ...ended, status: 'failed', attempt: 3, started_at: at(20), errors })).toEqual([
      CREATED,
      failed('Attempt 1 of 3 failed after 5.0 s', 1, 0),
      plain('Waited 4.0 s', 5),
      failed('Attempt 2 of 3 failed after 3.0 s', 2, 9),
      plain('Waited 8.0 s', 12),
      failed('Attempt 3 of 3 failed after 10 s', 3, 20),
      { text: 'Failed', tone: 'bad', at: at(30) },
    ])
  })

  test('has only waited if it was cancelled before its first attempt', () => {
    expect(history({ ...ended, status: 'cancelled' })).toEqual([CREATED, plain('Waited 30 s', 0), CANCELLED])
  })

  test('has not waited if it was cancelled before its scheduled time', () => {
    expect(history({ ...ended, status: 'cancelled', run_at: at(3_600), scheduled_at: at(3_600) })).toEqual([
      plain(`Scheduled for ${formatTime(at(3_600), NOW)}`, 0),
      CANCELLED,
    ])
  })

  test('shows a stopped attempt if it was cancelled while it ran', () => {
    expect(history({ ...ended, status: 'cancelled', attempt: 1, started_at: at(25) })).toEqual([
      CREATED,
      plain('Waited 25 s', 0),
      { text: 'Attempt 1 of 3 stopped after 5.0 s', tone: 'work', at: at(25) },
      CANCELLED,
    ])
  })

  test('has waited until it was cancelled between two attempts', () => {
    const errors = [failure(1, 20, 0)]

    expect(history({ ...ended, status: 'cancelled', attempt: 1, started_at: at(0), errors })).toEqual([
      CREATED,
      failed('Attempt 1 of 3 failed after 20 s', 1, 0),
      plain('Waited 10 s', 20),
      CANCELLED,
    ])
  })

  test('shows a snooze if it was cancelled during one', () => {
    const given = { ...ended, status: 'cancelled' as const, snoozes: 1, started_at: at(0), scheduled_at: at(90) }

    expect(history(given)).toEqual([CREATED, plain(`Started, snoozed until ${formatTime(at(90), NOW)}`, 0), CANCELLED])
  })
})

describe('a retried request', () => {
  const retried = { redrive: 1 }

  test('keeps its failures, and has waited for an unknown time', () => {
    const errors = [failure(1, 5, 0), failure(2, 9, 9)]

    expect(history({ ...retried, errors })).toEqual([
      CREATED,
      failed('Attempt 1 of 3 failed after 5.0 s', 1, 0),
      plain('Waited 4.0 s', 5),
      failed('Attempt 2 of 3 failed after less than 1 s', 2, 9),
      plain('Retried'),
      plain('Waiting'),
    ])
  })

  test('counts attempts from 1 again', () => {
    const given = {
      ...retried,
      status: 'processing' as const,
      attempt: 1,
      started_at: at(50),
      errors: [failure(1, 5, 0)],
    }

    expect(history(given)).toEqual([
      CREATED,
      failed('Attempt 1 of 3 failed after 5.0 s', 1, 0),
      plain('Retried'),
      { text: 'Attempt 1 of 3, 10 s so far', tone: 'work', at: at(50) },
    ])
  })

  test('shows the retry where the attempts count from 1 again', () => {
    const errors = [failure(1, 5, 0), failure(1, 22, 20), failure(2, 30, 26)]
    const given = { ...retried, status: 'failed' as const, attempt: 2, started_at: at(26), finished_at: at(30), errors }

    expect(history(given)).toEqual([
      CREATED,
      failed('Attempt 1 of 3 failed after 5.0 s', 1, 0),
      plain('Retried'),
      failed('Attempt 1 of 3 failed after 2.0 s', 1, 20),
      plain('Waited 4.0 s', 22),
      failed('Attempt 2 of 3 failed after 4.0 s', 2, 26),
      { text: 'Failed', tone: 'bad', at: at(30) },
    ])
  })

  test('shows one retry if it has failed and was snoozed since', () => {
    const given = { ...retried, attempt: 1, snoozes: 1, started_at: at(30), scheduled_at: at(90) }

    expect(history({ ...given, errors: [failure(1, 5, 0), failure(1, 22, 20)] })).toEqual([
      CREATED,
      failed('Attempt 1 of 3 failed after 5.0 s', 1, 0),
      plain('Retried'),
      failed('Attempt 1 of 3 failed after 2.0 s', 1, 20),
      plain('Waited 8.0 s', 22),
      plain(`Started, snoozed until ${formatTime(at(90), NOW)}`, 30),
    ])
  })

  test('shows retries before the first known failure', () => {
    const given = {
      redrive: 2,
      attempt: 2,
      started_at: at(50),
      status: 'processing' as const,
      errors: [failure(1, 40, 30)],
    }

    expect(history(given)).toEqual([
      CREATED,
      plain('Retried 2 times'),
      failed('Attempt 1 of 3 failed after 10 s', 1, 30),
      plain('Waited 10 s', 40),
      { text: 'Attempt 2 of 3, 10 s so far', tone: 'work', at: at(50) },
    ])
  })

  test('shows no failure after the retry if it was cancelled at its first attempt', () => {
    const given = { ...retried, status: 'cancelled' as const, attempt: 1, started_at: at(25), finished_at: at(30) }

    expect(history({ ...given, errors: [failure(1, 5, 0)] })).toEqual([
      CREATED,
      failed('Attempt 1 of 3 failed after 5.0 s', 1, 0),
      plain('Retried'),
      { text: 'Attempt 1 of 3 stopped after 5.0 s', tone: 'work', at: at(25) },
      CANCELLED,
    ])
  })
})

test('failures that the record no longer keeps leave a gap', () => {
  const given = {
    attempt: 4,
    max_attempts: 20,
    started_at: at(50),
    status: 'processing' as const,
    errors: [failure(3, 40, 30)],
  }

  expect(history(given)).toEqual([
    CREATED,
    failed('Attempt 3 of 20 failed after 10 s', 3, 30),
    plain('Waited 10 s', 40),
    { text: 'Attempt 4 of 20, 10 s so far', tone: 'work', at: at(50) },
  ])
})

describe('the latest failure', () => {
  const allFailed = [failure(1, 5, 0), failure(2, 15, 10), failure(3, 25, 20)]

  test('is shown until the next one', () => {
    expect(lastFailure(request({ attempt: 1, started_at: at(0), errors: [failure(1, 5)] }))?.attempt).toBe(1)
    expect(lastFailure(request({ attempt: 2, started_at: at(10), errors: [failure(1, 5)] }))?.attempt).toBe(1)
    expect(lastFailure(request({ attempt: 3, started_at: at(20), errors: allFailed }))?.attempt).toBe(3)
  })

  test('is not shown after a retry', () => {
    const retried = { redrive: 1, errors: allFailed }

    expect(lastFailure(request(retried))).toBeUndefined()
    expect(lastFailure(request({ ...retried, status: 'processing', attempt: 1, started_at: at(40) }))).toBeUndefined()
  })

  test('is that of the first attempt after the retry, once that has failed too', () => {
    const errors = [...allFailed, failure(1, 45, 40)]

    expect(lastFailure(request({ redrive: 1, errors, attempt: 1, started_at: at(40) }))).toEqual(failure(1, 45, 40))
  })

  test('is missing if no attempt has failed', () => {
    expect(lastFailure(request({ status: 'processing', attempt: 1, started_at: at(0) }))).toBeUndefined()
  })
})
