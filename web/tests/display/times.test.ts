import { describe, expect, test } from 'vitest'

import type { Request } from '../../src/client'
import { formatDuration, formatElapsed, summarizeDurations } from '../../src/display/times'

test.each([
  [0, '0.0 s'],
  [-50, '0.0 s'],
  [1_290, '1.2 s'],
  [12_900, '12 s'],
  [75_000, '1 min 15 s'],
  [20 * 60_000, '20 min'],
  [150 * 60_000, '2 h 30 min'],
  [80 * 3_600_000, '3 days'],
])('%i ms are %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text)
})

test('an elapsed time has no tenths', () => {
  expect(formatElapsed(1_900)).toBe('1 s')
})

describe('the summary of an ended request', () => {
  const request = {
    status: 'completed',
    attempt: 1,
    redrive: 0,
    created_at: '2026-01-01T00:00:00Z',
    started_at: '2026-01-01T00:00:05Z',
    finished_at: '2026-01-01T00:00:09Z',
  } as Request

  test('has how long the request waited and took', () => {
    expect(summarizeDurations(request)).toBe('waited 5.0 s, took 4.0 s')
  })

  test('has only the latest attempt after others', () => {
    expect(summarizeDurations({ ...request, attempt: 2 })).toBe('took 4.0 s')
    expect(summarizeDurations({ ...request, redrive: 1 })).toBe('took 4.0 s')
  })

  test('does not count the time before a scheduled time', () => {
    expect(summarizeDurations({ ...request, run_at: '2026-01-01T00:00:03Z' })).toBe('waited 2.0 s, took 4.0 s')
    expect(summarizeDurations({ ...request, run_at: '2025-12-31T00:00:00Z' })).toBe('waited 5.0 s, took 4.0 s')
  })

  test('omits durations under a second', () => {
    expect(summarizeDurations({ ...request, started_at: '2026-01-01T00:00:00.900Z' })).toBe('took 8.1 s')
    expect(summarizeDurations({ ...request, finished_at: '2026-01-01T00:00:05.900Z' })).toBe('waited 5.0 s')
    expect(summarizeDurations({ ...request, started_at: request.created_at, finished_at: request.created_at })).toBe('')
  })

  test('is empty unless the request completed', () => {
    expect(summarizeDurations({ ...request, status: 'cancelled' })).toBe('')
    expect(summarizeDurations({ ...request, status: 'failed' })).toBe('')
  })
})
