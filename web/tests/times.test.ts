import { describe, expect, test } from 'vitest'

import type { Request } from '../src/api'
import { duration, faultOfMoment, growing, localValue, spent, withOffset } from '../src/times'

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

test.each([
  ['', 'Please choose a date and time.'],
  ['2026-01-15T09:29', 'This time has passed. Please choose a later one.'],
  ['2026-01-15T09:30', ''],
  ['2026-01-15T09:31', ''],
])('at half past nine, "%s" is told: "%s"', (local, fault) => {
  expect(faultOfMoment(local, Date.parse('2026-01-15T09:30:59+01:00'))).toBe(fault)
})

describe('a finished request sums up', () => {
  const request = {
    status: 'completed',
    attempt: 1,
    redrive: 0,
    created_at: '2026-01-01T00:00:00Z',
    started_at: '2026-01-01T00:00:05Z',
    finished_at: '2026-01-01T00:00:09Z',
  } as Request

  test('how long it waited and took', () => {
    expect(spent(request)).toBe('waited 5.0 s, took 4.0 s')
  })

  test('only the latest attempt, if there were more', () => {
    expect(spent({ ...request, attempt: 2 })).toBe('took 4.0 s')
    expect(spent({ ...request, redrive: 1 })).toBe('took 4.0 s')
  })

  test('no waiting for the time that was asked for', () => {
    expect(spent({ ...request, run_at: '2026-01-01T00:00:03Z' })).toBe('waited 2.0 s, took 4.0 s')
    expect(spent({ ...request, run_at: '2025-12-31T00:00:00Z' })).toBe('waited 5.0 s, took 4.0 s')
  })

  test('nothing that took less than a second', () => {
    expect(spent({ ...request, started_at: '2026-01-01T00:00:00.900Z' })).toBe('took 8.1 s')
    expect(spent({ ...request, finished_at: '2026-01-01T00:00:05.900Z' })).toBe('waited 5.0 s')
    expect(spent({ ...request, started_at: request.created_at, finished_at: request.created_at })).toBe('')
  })

  test('nothing when it came to nothing', () => {
    expect(spent({ ...request, status: 'cancelled' })).toBe('')
    expect(spent({ ...request, status: 'failed' })).toBe('')
  })
})
