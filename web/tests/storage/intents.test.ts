import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import type { Submission } from '../../src/client'
import { deleteAnsweredIntents, deleteIntents, Intents } from '../../src/storage/intents'

const SUBMISSION = { type: 'diagnostic', input: {} } as Submission
const OTHER = { type: 'diagnostic', input: { steps: 2 } } as Submission

let stored: Map<string, string>
let now: number

beforeEach(() => {
  stored = new Map()
  now = 1_000_000
  vi.stubGlobal('sessionStorage', {
    getItem: (name: string) => stored.get(name) ?? null,
    setItem: stored.set.bind(stored),
    removeItem: stored.delete.bind(stored),
  })
})

afterEach(() => void vi.unstubAllGlobals())

/** A new instance on the same storage, as after a reload. */
function intents(uid = 'ann'): Intents {
  return new Intents(uid, () => now)
}

test('the same content keeps its key until it is answered, also after a reload', () => {
  const { key } = intents().begin([SUBMISSION])

  expect(intents().begin([SUBMISSION]).key).toBe(key)
})

test('other content, another number of copies and another user are other intents', () => {
  const keys = [
    intents().begin([SUBMISSION]),
    intents().begin([OTHER]),
    intents().begin([SUBMISSION, SUBMISSION]),
    intents('ben').begin([SUBMISSION]),
  ]

  expect(new Set(keys.map(({ key }) => key)).size).toBe(4)
})

test('a double click is one intent, even if the first click is already answered', () => {
  const intent = intents().begin([SUBMISSION])
  intents().markAnswered(intent)
  now += 500

  expect(intents().begin([SUBMISSION]).key).toBe(intent.key)
})

test('the same content submitted later is a new intent', () => {
  const intent = intents().begin([SUBMISSION])
  intents().markAnswered(intent)
  now += 10_000

  expect(intents().begin([SUBMISSION]).key).not.toBe(intent.key)
})

test('the same content is a new intent after the intent was removed', () => {
  const intent = intents().begin([SUBMISSION])
  intents().remove(intent)

  expect(intents().begin([SUBMISSION]).key).not.toBe(intent.key)
})

test('only an intent without an answer is interrupted', () => {
  const answered = intents().begin([SUBMISSION])
  intents().markAnswered(answered)
  const open = intents().begin([OTHER])

  expect(intents().listInterrupted()).toEqual([open])
})

test('an intent expires after a day', () => {
  intents().begin([SUBMISSION])
  now += 25 * 3_600_000

  expect(intents().listInterrupted()).toEqual([])
})

test('an intent whose failure was shown is not resumed, but keeps its key', () => {
  const intent = intents().begin([SUBMISSION])
  intents().markFailed(intent)

  expect(intents().listInterrupted()).toEqual([])
  expect(intents().begin([SUBMISSION]).key).toBe(intent.key)
})

test('an intent that is submitted again after a failure is resumed if a reload interrupts it', () => {
  const intent = intents().begin([SUBMISSION])
  intents().markFailed(intent)
  intents().begin([SUBMISSION])

  expect(intents().listInterrupted()).toEqual([intent])
})

test('no input stays in storage after a sign-out, even if an answer arrives later', () => {
  const intent = intents().begin([OTHER])
  intents('ben').begin([OTHER])
  deleteIntents('ann')
  intents().markAnswered(intent)

  expect(intents().listInterrupted()).toEqual([])
  expect([...stored.keys()]).toEqual(['intents:ben'])
  expect(intents('ben').listInterrupted()).toHaveLength(1)
})

test('an answered intent is removed after 4 s', () => {
  vi.useFakeTimers()
  const intent = intents().begin([OTHER])
  intents().markAnswered(intent)
  vi.advanceTimersByTime(3_000)
  expect(intents().begin([OTHER]).key).toBe(intent.key)
  vi.advanceTimersByTime(1_000)
  vi.useRealTimers()

  expect([...stored.keys()]).toEqual([])
})

test('after a session has expired, answered intents are removed and interrupted ones are kept', () => {
  now = Date.now()
  intents().markAnswered(intents().begin([OTHER]))
  const open = intents().begin([SUBMISSION])
  deleteAnsweredIntents('ann')

  expect(stored.get('intents:ann')).not.toContain('steps')
  expect(intents().listInterrupted()).toEqual([open])
})

test('an intent that an earlier release has stored keeps its key', () => {
  stored.set('intents:ann', JSON.stringify([{ key: 'k1', asks: [SUBMISSION], since: now, failed: true }]))

  expect(intents().begin([SUBMISSION]).key).toBe('k1')
  expect(JSON.parse(stored.get('intents:ann')!)).toEqual([{ key: 'k1', asks: [SUBMISSION], since: now }])
})
