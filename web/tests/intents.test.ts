import { beforeEach, expect, test, vi } from 'vitest'

import type { Ask } from '../src/api'
import { forgetAnswered, forgetIntents, Intents } from '../src/intents'

const ASK = { type: 'diagnostic', input: {} } as Ask
const OTHER = { type: 'diagnostic', input: { steps: 2 } } as Ask

let stored: Map<string, string>
let now: number

beforeEach(() => {
  stored = new Map()
  now = 1_000_000
})

const storage = {
  getItem: (name: string) => stored.get(name) ?? null,
  setItem: (name: string, value: string) => void stored.set(name, value),
  removeItem: (name: string) => void stored.delete(name),
}

/** As after a reload: another instance on the same storage. */
function intents(uid = 'ann'): Intents {
  return new Intents(storage, uid, () => now)
}

test('the same content keeps its key while it is under way, also over a reload', () => {
  const { key } = intents().begin([ASK])

  expect(intents().begin([ASK]).key).toBe(key)
})

test('other content, another number of copies and another person are other intents', () => {
  const keys = [intents().begin([ASK]), intents().begin([OTHER]), intents().begin([ASK, ASK]), intents('ben').begin([ASK])]

  expect(new Set(keys.map(({ key }) => key)).size).toBe(4)
})

test('the second half of a double click is the same intent, though the first was answered', () => {
  const intent = intents().begin([ASK])
  intents().answered(intent)
  now += 500

  expect(intents().begin([ASK]).key).toBe(intent.key)
})

test('asking for the same again later is a new intent', () => {
  const intent = intents().begin([ASK])
  intents().answered(intent)
  now += 10_000

  expect(intents().begin([ASK]).key).not.toBe(intent.key)
})

test('what was forgotten may be sent again as something new', () => {
  const intent = intents().begin([ASK])
  intents().forget(intent)

  expect(intents().begin([ASK]).key).not.toBe(intent.key)
})

test('only what had no answer is left to be finished', () => {
  const answered = intents().begin([ASK])
  intents().answered(answered)
  const open = intents().begin([OTHER])

  expect(intents().unanswered()).toEqual([open])
})

test('nothing is finished a day later', () => {
  intents().begin([ASK])
  now += 25 * 3_600_000

  expect(intents().unanswered()).toEqual([])
})

test('what was told to have failed is not finished by itself, but keeps its key', () => {
  const intent = intents().begin([ASK])
  intents().failed(intent)

  expect(intents().unanswered()).toEqual([])
  expect(intents().begin([ASK]).key).toBe(intent.key)
})

test('what is asked once more is finished if a reload interrupts it this time', () => {
  const intent = intents().begin([ASK])
  intents().failed(intent)
  intents().begin([ASK])

  expect(intents().unanswered()).toEqual([intent])
})

test('nothing that was typed stays after somebody has signed out, even if an answer comes later', () => {
  const intent = intents().begin([OTHER])
  intents('ben').begin([OTHER])
  forgetIntents(storage, 'ann')
  intents().answered(intent)

  expect(intents().unanswered()).toEqual([])
  expect([...stored.keys()]).toEqual(['intents:ben'])
  expect(intents('ben').unanswered()).toHaveLength(1)
})

test('what was answered is kept for a moment and no longer', () => {
  vi.useFakeTimers()
  const intent = intents().begin([OTHER])
  intents().answered(intent)
  vi.advanceTimersByTime(3_000)
  expect(intents().begin([OTHER]).key).toBe(intent.key)
  vi.advanceTimersByTime(1_000)
  vi.useRealTimers()

  expect([...stored.keys()]).toEqual([])
})

test('nothing that was answered stays where a sign-in has ended, but what was not is finished later', () => {
  now = Date.now()
  intents().answered(intents().begin([OTHER]))
  const open = intents().begin([ASK])
  forgetAnswered(storage, 'ann')

  expect(stored.get('intents:ann')).not.toContain('steps')
  expect(intents().unanswered()).toEqual([open])
})
