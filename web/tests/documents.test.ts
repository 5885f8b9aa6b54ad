import { describe, expect, test } from 'vitest'

import { isoOf, requestOf } from '../src/documents'

/** As the SDK gives it: a class of its own, told from a map by its methods. */
class Timestamp {
  constructor(
    readonly seconds: number,
    readonly nanoseconds: number,
  ) {}
  toDate(): Date {
    return new Date(this.seconds * 1000)
  }
}

const NOON = 1_700_000_000 // 2023-11-14T22:13:20Z

describe('a moment', () => {
  test('has microseconds, as the API writes them', () => {
    expect(isoOf(new Timestamp(NOON, 123_456_000))).toBe('2023-11-14T22:13:20.123456Z')
    expect(isoOf(new Timestamp(NOON, 500_000_000))).toBe('2023-11-14T22:13:20.500000Z')
    expect(isoOf(new Timestamp(NOON, 1_000))).toBe('2023-11-14T22:13:20.000001Z')
  })

  test('of a whole second has no fraction', () => {
    expect(isoOf(new Timestamp(NOON, 0))).toBe('2023-11-14T22:13:20Z')
  })

  test('may lie before 1970', () => {
    expect(isoOf(new Timestamp(-1, 0))).toBe('1969-12-31T23:59:59Z')
  })
})

describe('a document', () => {
  const asItIs = {
    tenant: 'u:ann',
    owner: 'ann',
    type: 'diagnostic',
    input: { seconds: 5, nested: [{ nothing: null }], nanoseconds: 0 },
    status: 'failed',
    redrive: 0,
    generation: 1,
    attempt: 2,
    max_attempts: 3,
    snoozes: 0,
  }
  const document = {
    schema: 1,
    ...asItIs,
    claim: { token: 't', task: 'x', retry_count: 0 },
    due: '00-20260101T000000',
    sweeps: 1,
    steps: { copy: 1 },
    trace: '00-1-1-01',
    errors: [{ code: 'attempt_failed', message: 'No.', attempt: 1, at: new Timestamp(NOON, 0) }],
    created_at: new Timestamp(NOON, 123_456_000),
  }

  test('becomes what the API answers: its id, texts for times, nothing internal', () => {
    expect(requestOf('abc', document)).toEqual({
      id: 'abc',
      ...asItIs,
      errors: [{ code: 'attempt_failed', message: 'No.', attempt: 1, at: '2023-11-14T22:13:20Z' }],
      created_at: '2023-11-14T22:13:20.123456Z',
    })
  })

  test('keeps a map of numbers that somebody put in, even one named like a timestamp', () => {
    const input = { at: { seconds: 1, nanoseconds: 2 } }

    expect(requestOf('abc', { ...document, input }).input).toEqual(input)
  })
})
