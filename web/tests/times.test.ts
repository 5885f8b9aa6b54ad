import { describe, expect, test } from 'vitest'

import type { Request } from '../src/api'
import { duration, growing, localValue, phases, spent, withOffset } from '../src/times'

test.each([
  [0, '0.0 s'],
  [-50, '0.0 s'],
  [1_290, '1.2 s'],
  [12_900, '12 s'],
  [75_000, '1 min 15 s'],
  [20 * 60_000, '20 min'],
  [150 * 60_000, '2 h 30 min'],
  [80 * 3_600_000, '3 days'],
])('%i ms are %s', (ms, words) => {
  expect(duration(ms)).toBe(words)
})

test('what still grows has no tenths', () => {
  expect(growing(1_900)).toBe('1 s')
})

describe('the date-time of the form', () => {
  test('is sent with the offset that holds then, in winter and in summer', () => {
    expect(withOffset('2026-01-15T09:30')).toBe('2026-01-15T09:30:00+01:00')
    expect(withOffset('2026-07-15T09:30')).toBe('2026-07-15T09:30:00+02:00')
  })

  test('comes back as it was', () => {
    expect(localValue(new Date('2026-07-15T09:30:00+02:00'))).toBe('2026-07-15T09:30')
  })
})

describe('phases', () => {
  const request = {
    status: 'completed',
    attempt: 2,
    max_attempts: 3,
    created_at: '2026-01-01T00:00:00Z',
    started_at: '2026-01-01T00:00:05Z',
    finished_at: '2026-01-01T00:00:09Z',
    errors: [{ code: 'attempt_failed', message: 'No.', attempt: 1, at: '2026-01-01T00:00:02Z' }],
  } as Request

  test('tell how long each lasted', () => {
    expect(phases(request, 0).map(({ label, took }) => [label, took])).toEqual([
      ['Asked', 2_000],
      ['Attempt 1 failed', 3_000],
      ['Attempt 2 of 3 began', 4_000],
      ['Ready', undefined],
    ])
  })

  test('are summed up for an ended one', () => {
    expect(spent({ ...request, attempt: 1, redrive: 0 })).toBe('waited 5.0 s, took 4.0 s')
    expect(spent({ ...request, attempt: 2, redrive: 0 })).toBe('took 4.0 s')
    expect(spent({ ...request, attempt: 1, redrive: 1 })).toBe('took 4.0 s')
  })

  test('are summed up without what took less than a second', () => {
    const once = { ...request, attempt: 1, redrive: 0 }

    expect(spent({ ...once, started_at: '2026-01-01T00:00:00.900Z' })).toBe('took 8.1 s')
    expect(spent({ ...once, finished_at: '2026-01-01T00:00:05.900Z' })).toBe('waited 5.0 s')
    expect(spent({ ...once, started_at: once.created_at, finished_at: once.created_at })).toBe('')
  })

  test('of an open request last until now', () => {
    const { finished_at: _, ...open } = { ...request, status: 'processing' as const }

    expect(phases(open, Date.parse('2026-01-01T00:00:10Z')).at(-1)).toMatchObject({ took: 5_000 })
  })
})
