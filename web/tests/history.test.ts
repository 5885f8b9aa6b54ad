import { describe, expect, test } from 'vitest'

import type { Failure, Request } from '../src/api'
import { historyOf, lastFailure, type Phase } from '../src/history'
import { moment } from '../src/times'

const NOW = Date.parse(at(60))
const ASKED: Phase = { words: 'Asked', tone: 'plain', at: at(0) }
const CANCELLED: Phase = { words: 'Cancelled', tone: 'plain', at: at(30) }

/** So many seconds after it was asked. */
function at(seconds: number): string {
  return new Date(Date.UTC(2026, 0, 1) + seconds * 1_000).toISOString()
}

function request(given: Partial<Request>): Request {
  const counts = { redrive: 0, generation: 0, attempt: 0, max_attempts: 3, snoozes: 0 }
  return { id: '1', owner: 'ann', type: 'diagnostic', input: {}, status: 'queued', created_at: at(0), ...counts, ...given }
}

function failure(attempt: number, seconds: number, began?: number): Failure {
  const begun = began !== undefined && { started_at: at(began) }
  return { code: 'attempt_failed', message: `No ${attempt}.`, attempt, at: at(seconds), ...begun }
}

function plain(words: string, seconds?: number): Phase {
  return { words, tone: 'plain', ...(seconds !== undefined && { at: at(seconds) }) }
}

function failed(words: string, attempt: number, seconds: number): Phase {
  return { words, tone: 'bad', at: at(seconds), message: `No ${attempt}.` }
}

function history(given: Partial<Request>): Phase[] {
  return historyOf(request(given), NOW)
}

describe('what waits', () => {
  test('has waited since it was asked', () => {
    expect(history({})).toEqual([ASKED, plain('Waiting, 1 min 0 s so far', 0)])
  })

  test('for its time does not wait before it', () => {
    const run_at = at(3_600)

    expect(history({ run_at, scheduled_at: run_at })).toEqual([plain(`Scheduled for ${moment(run_at, NOW)}`, 0)])
  })

  test('after its time has waited since then', () => {
    const [run_at, time] = [at(45), moment(at(45), NOW)]

    expect(history({ run_at, scheduled_at: run_at })).toEqual([
      plain(`Scheduled for ${time}`, 0),
      plain('Waiting, 15 s so far', 45),
    ])
  })

  test('for a time that had passed when it was asked has waited since then', () => {
    expect(history({ run_at: at(-9) })).toEqual([ASKED, plain('Waiting, 1 min 0 s so far', 0)])
  })

  test('for another attempt has waited since the one before failed', () => {
    expect(history({ attempt: 1, started_at: at(2), errors: [failure(1, 5)] })).toEqual([
      ASKED,
      plain('Waited 2.0 s', 0),
      failed('Attempt 1 of 3 failed after 3.0 s', 1, 2),
      plain('Waiting, 55 s so far', 5),
    ])
  })

  test('until a time of the work after a failure says until when', () => {
    const given = { attempt: 1, started_at: at(0), errors: [failure(1, 5)], scheduled_at: at(90) }

    expect(history(given)).toEqual([
      ASKED,
      failed('Attempt 1 of 3 failed after 5.0 s', 1, 0),
      plain(`Waiting until ${moment(at(90), NOW)}`, 5),
    ])
  })

  test('since it was put off says until when', () => {
    expect(history({ started_at: at(2), snoozes: 1, scheduled_at: at(90) })).toEqual([
      ASKED,
      plain('Waited 2.0 s', 0),
      plain(`Begun, put off until ${moment(at(90), NOW)}`, 2),
    ])
  })

  test('since it was put off until a time that has come has waited since then', () => {
    expect(history({ started_at: at(0), snoozes: 2, scheduled_at: at(50) })).toEqual([
      ASKED,
      plain(`Begun, put off until ${moment(at(50), NOW)}`, 0),
      plain('Waiting, 10 s so far', 50),
    ])
  })

  test('since an attempt after a failure was put off', () => {
    const given = { attempt: 1, started_at: at(9), snoozes: 1, scheduled_at: at(90), errors: [failure(1, 5, 3)] }

    expect(history(given)).toEqual([
      ASKED,
      plain('Waited 3.0 s', 0),
      failed('Attempt 1 of 3 failed after 2.0 s', 1, 3),
      plain('Waited 4.0 s', 5),
      plain(`Begun, put off until ${moment(at(90), NOW)}`, 9),
    ])
  })
})

describe('an attempt', () => {
  const processing = { status: 'processing' as const }

  test('that is at work tells for how long so far', () => {
    expect(history({ ...processing, attempt: 1, started_at: at(52) })).toEqual([
      ASKED,
      plain('Waited 52 s', 0),
      { words: 'Attempt 1 of 3, 8 s so far', tone: 'work', at: at(52) },
    ])
  })

  test('tells how often it was put off before', () => {
    const words = (snoozes: number) => history({ ...processing, attempt: 1, snoozes, started_at: at(9) })[1]?.words

    expect(words(0)).toBe('Waited 9.0 s')
    expect(words(1)).toBe('Waited 9.0 s, put off once')
    expect(words(2)).toBe('Waited 9.0 s, put off 2 times')
  })

  test('after a failure does not tell before which of them it was put off', () => {
    const given = { ...processing, attempt: 2, snoozes: 1, started_at: at(9), errors: [failure(1, 5, 3)] }

    expect(history(given).map(({ words }) => words)).toEqual([
      'Asked',
      'Waited 3.0 s',
      'Attempt 1 of 3 failed after 2.0 s',
      'Waited 4.0 s',
      'Attempt 2 of 3, 51 s so far',
    ])
  })

  test('that took over a lost one follows it at once', () => {
    const errors = [{ ...failure(1, 40, 2), code: 'lost' }]

    expect(history({ ...processing, attempt: 2, started_at: at(40), errors })).toEqual([
      ASKED,
      plain('Waited 2.0 s', 0),
      failed('Attempt 1 of 3 failed after 38 s', 1, 2),
      { words: 'Attempt 2 of 3, 20 s so far', tone: 'work', at: at(40) },
    ])
  })

  test('after a rescue has waited since it', () => {
    const errors = [{ ...failure(1, 40, 2), code: 'lost' }]

    expect(history({ attempt: 1, started_at: at(2), errors })).toEqual([
      ASKED,
      plain('Waited 2.0 s', 0),
      failed('Attempt 1 of 3 failed after 38 s', 1, 2),
      plain('Waiting, 20 s so far', 40),
    ])
  })
})

describe('what has ended', () => {
  const ended = { finished_at: at(30) }

  test('at the first attempt needs three lines, and none for less than a second', () => {
    expect(history({ ...ended, status: 'completed', attempt: 1, started_at: at(0.9) })).toEqual([
      ASKED,
      { words: 'Attempt 1 of 3 took 29 s', tone: 'work', at: at(0.9) },
      { words: 'Ready', tone: 'good', at: at(30) },
    ])
  })

  test('after failures tells the length of each attempt and of each wait', () => {
    const errors = [failure(1, 5, 2), failure(2, 12, 9)]

    expect(history({ ...ended, status: 'completed', attempt: 3, started_at: at(20), errors })).toEqual([
      ASKED,
      plain('Waited 2.0 s', 0),
      failed('Attempt 1 of 3 failed after 3.0 s', 1, 2),
      plain('Waited 4.0 s', 5),
      failed('Attempt 2 of 3 failed after 3.0 s', 2, 9),
      plain('Waited 8.0 s', 12),
      { words: 'Attempt 3 of 3 took 10 s', tone: 'work', at: at(20) },
      { words: 'Ready', tone: 'good', at: at(30) },
    ])
  })

  test('after failures whose beginning is not known leaves their lengths out', () => {
    const errors = [failure(1, 5), failure(2, 12)]

    expect(history({ ...ended, status: 'completed', attempt: 3, started_at: at(20), errors })).toEqual([
      ASKED,
      failed('Attempt 1 of 3 failed', 1, 5),
      failed('Attempt 2 of 3 failed', 2, 12),
      plain('Waited 8.0 s', 12),
      { words: 'Attempt 3 of 3 took 10 s', tone: 'work', at: at(20) },
      { words: 'Ready', tone: 'good', at: at(30) },
    ])
  })

  test('by failing was given up with the last attempt', () => {
    const errors = [failure(1, 5, 0), failure(2, 12, 9), failure(3, 30)]

    expect(history({ ...ended, status: 'failed', attempt: 3, started_at: at(20), errors })).toEqual([
      ASKED,
      failed('Attempt 1 of 3 failed after 5.0 s', 1, 0),
      plain('Waited 4.0 s', 5),
      failed('Attempt 2 of 3 failed after 3.0 s', 2, 9),
      plain('Waited 8.0 s', 12),
      failed('Attempt 3 of 3 failed after 10 s', 3, 20),
      { words: 'Given up', tone: 'bad', at: at(30) },
    ])
  })

  test('by being cancelled before it began has only waited', () => {
    expect(history({ ...ended, status: 'cancelled' })).toEqual([ASKED, plain('Waited 30 s', 0), CANCELLED])
  })

  test('by being cancelled before its time has not waited', () => {
    expect(history({ ...ended, status: 'cancelled', run_at: at(3_600), scheduled_at: at(3_600) })).toEqual([
      plain(`Scheduled for ${moment(at(3_600), NOW)}`, 0),
      CANCELLED,
    ])
  })

  test('by being cancelled at work was stopped', () => {
    expect(history({ ...ended, status: 'cancelled', attempt: 1, started_at: at(25) })).toEqual([
      ASKED,
      plain('Waited 25 s', 0),
      { words: 'Attempt 1 of 3 stopped after 5.0 s', tone: 'work', at: at(25) },
      CANCELLED,
    ])
  })

  test('by being cancelled between two attempts waited until then', () => {
    const errors = [failure(1, 20, 0)]

    expect(history({ ...ended, status: 'cancelled', attempt: 1, started_at: at(0), errors })).toEqual([
      ASKED,
      failed('Attempt 1 of 3 failed after 20 s', 1, 0),
      plain('Waited 10 s', 20),
      CANCELLED,
    ])
  })

  test('by being cancelled while it was put off', () => {
    const given = { ...ended, status: 'cancelled' as const, snoozes: 1, started_at: at(0), scheduled_at: at(90) }

    expect(history(given)).toEqual([ASKED, plain(`Begun, put off until ${moment(at(90), NOW)}`, 0), CANCELLED])
  })
})

describe('what a person has retried', () => {
  const retried = { redrive: 1 }

  test('keeps its failures, and waits for no one knows how long', () => {
    const errors = [failure(1, 5, 0), failure(2, 9, 9)]

    expect(history({ ...retried, errors })).toEqual([
      ASKED,
      failed('Attempt 1 of 3 failed after 5.0 s', 1, 0),
      plain('Waited 4.0 s', 5),
      failed('Attempt 2 of 3 failed after less than 1 s', 2, 9),
      plain('Retried'),
      plain('Waiting'),
    ])
  })

  test('works with the count begun anew', () => {
    const given = { ...retried, status: 'processing' as const, attempt: 1, started_at: at(50), errors: [failure(1, 5, 0)] }

    expect(history(given)).toEqual([
      ASKED,
      failed('Attempt 1 of 3 failed after 5.0 s', 1, 0),
      plain('Retried'),
      { words: 'Attempt 1 of 3, 10 s so far', tone: 'work', at: at(50) },
    ])
  })

  test('and fails again is retried where the count begins anew', () => {
    const errors = [failure(1, 5, 0), failure(1, 22, 20), failure(2, 30, 26)]
    const given = { ...retried, status: 'failed' as const, attempt: 2, started_at: at(26), finished_at: at(30), errors }

    expect(history(given)).toEqual([
      ASKED,
      failed('Attempt 1 of 3 failed after 5.0 s', 1, 0),
      plain('Retried'),
      failed('Attempt 1 of 3 failed after 2.0 s', 1, 20),
      plain('Waited 4.0 s', 22),
      failed('Attempt 2 of 3 failed after 4.0 s', 2, 26),
      { words: 'Given up', tone: 'bad', at: at(30) },
    ])
  })

  test('and fails and is put off has been retried once', () => {
    const given = { ...retried, attempt: 1, snoozes: 1, started_at: at(30), scheduled_at: at(90) }

    expect(history({ ...given, errors: [failure(1, 5, 0), failure(1, 22, 20)] })).toEqual([
      ASKED,
      failed('Attempt 1 of 3 failed after 5.0 s', 1, 0),
      plain('Retried'),
      failed('Attempt 1 of 3 failed after 2.0 s', 1, 20),
      plain('Waited 8.0 s', 22),
      plain(`Begun, put off until ${moment(at(90), NOW)}`, 30),
    ])
  })

  test('before it had failed was retried before what is known', () => {
    const given = { redrive: 2, attempt: 2, started_at: at(50), status: 'processing' as const, errors: [failure(1, 40, 30)] }

    expect(history(given)).toEqual([
      ASKED,
      plain('Retried 2 times'),
      failed('Attempt 1 of 3 failed after 10 s', 1, 30),
      plain('Waited 10 s', 40),
      { words: 'Attempt 2 of 3, 10 s so far', tone: 'work', at: at(50) },
    ])
  })

  test('and cancelled at its first attempt has not failed in between', () => {
    const given = { ...retried, status: 'cancelled' as const, attempt: 1, started_at: at(25), finished_at: at(30) }

    expect(history({ ...given, errors: [failure(1, 5, 0)] })).toEqual([
      ASKED,
      failed('Attempt 1 of 3 failed after 5.0 s', 1, 0),
      plain('Retried'),
      { words: 'Attempt 1 of 3 stopped after 5.0 s', tone: 'work', at: at(25) },
      CANCELLED,
    ])
  })
})

test('failures that are no longer kept leave a gap', () => {
  const given = { attempt: 4, max_attempts: 20, started_at: at(50), status: 'processing' as const, errors: [failure(3, 40, 30)] }

  expect(history(given)).toEqual([
    ASKED,
    failed('Attempt 3 of 20 failed after 10 s', 3, 30),
    plain('Waited 10 s', 40),
    { words: 'Attempt 4 of 20, 10 s so far', tone: 'work', at: at(50) },
  ])
})

describe('the latest failure', () => {
  const usedUp = [failure(1, 5, 0), failure(2, 15, 10), failure(3, 25, 20)]

  test('is told until the next', () => {
    expect(lastFailure(request({ attempt: 1, started_at: at(0), errors: [failure(1, 5)] }))?.attempt).toBe(1)
    expect(lastFailure(request({ attempt: 2, started_at: at(10), errors: [failure(1, 5)] }))?.attempt).toBe(1)
    expect(lastFailure(request({ attempt: 3, started_at: at(20), errors: usedUp }))?.attempt).toBe(3)
  })

  test('says nothing about how it goes after a retry', () => {
    const retried = { redrive: 1, errors: usedUp }

    expect(lastFailure(request(retried))).toBeUndefined()
    expect(lastFailure(request({ ...retried, status: 'processing', attempt: 1, started_at: at(40) }))).toBeUndefined()
  })

  test('is that of the first attempt since, once that has failed too', () => {
    const errors = [...usedUp, failure(1, 45, 40)]

    expect(lastFailure(request({ redrive: 1, errors, attempt: 1, started_at: at(40) }))).toEqual(failure(1, 45, 40))
  })

  test('is none where nothing has failed', () => {
    expect(lastFailure(request({ status: 'processing', attempt: 1, started_at: at(0) }))).toBeUndefined()
  })
})
