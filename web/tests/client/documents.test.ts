import { describe, expect, test } from 'vitest'

import { toIsoTime, toRequest } from '../../src/client/documents'

/** Like the SDK's class: its methods distinguish it from a map. */
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

describe('a timestamp', () => {
  test('has microseconds, as in the API', () => {
    expect(toIsoTime(new Timestamp(NOON, 123_456_000))).toBe('2023-11-14T22:13:20.123456Z')
    expect(toIsoTime(new Timestamp(NOON, 500_000_000))).toBe('2023-11-14T22:13:20.500000Z')
    expect(toIsoTime(new Timestamp(NOON, 1_000))).toBe('2023-11-14T22:13:20.000001Z')
  })

  test('has no fraction for a whole second', () => {
    expect(toIsoTime(new Timestamp(NOON, 0))).toBe('2023-11-14T22:13:20Z')
  })

  test('may be before 1970', () => {
    expect(toIsoTime(new Timestamp(-1, 0))).toBe('1969-12-31T23:59:59Z')
  })
})

describe('a document', () => {
  const publicFields = {
    tenant: 'u:ann',
    owner: 'ann',
    type: 'diagnostic',
    input: { seconds: 5, nested: [{ missing: null }], nanoseconds: 0 },
    status: 'failed',
    redrive: 0,
    generation: 1,
    attempt: 2,
    max_attempts: 3,
    snoozes: 0,
  }
  const document = {
    schema: 1,
    ...publicFields,
    claim: { token: 't', task: 'x', retry_count: 0 },
    due: '00-20260101T000000',
    sweeps: 1,
    steps: { copy: 1 },
    trace: '00-1-1-01',
    errors: [{ code: 'attempt_failed', message: 'It failed.', attempt: 1, at: new Timestamp(NOON, 0) }],
    created_at: new Timestamp(NOON, 123_456_000),
  }

  test('becomes the request of the API: with its id, times as text, without internal fields', () => {
    expect(toRequest('abc', document)).toEqual({
      id: 'abc',
      ...publicFields,
      errors: [{ code: 'attempt_failed', message: 'It failed.', attempt: 1, at: '2023-11-14T22:13:20Z' }],
      created_at: '2023-11-14T22:13:20.123456Z',
    })
  })

  test('keeps a map in the input whose fields are named like those of a timestamp', () => {
    const input = { at: { seconds: 1, nanoseconds: 2 } }

    expect(toRequest('abc', { ...document, input }).input).toEqual(input)
  })
})
