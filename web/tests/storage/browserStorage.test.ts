import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { restoreLocalUser, storeLocalUser } from '../../src/auth/localUsers'
import type { Submission } from '../../src/client'
import { restoreTheme, useTheme } from '../../src/composables/useTheme'
import type { Values } from '../../src/forms/values'
import { isStorageFailing, readJson, readText } from '../../src/storage/browserStorage'
import { deleteDrafts, loadDrafts, saveDraft } from '../../src/storage/drafts'
import { Intents } from '../../src/storage/intents'

const SUBMISSION: Submission = { type: 'diagnostic', input: { steps: 1 } }
const INTENT = { key: 'k1', asks: [SUBMISSION], since: 1_000_000 }
const UNREADABLE = ['', '{bad', 'null', '[]', '{}', '7', '"text"', 'true', '\u0000', '[null]', '{"diagnostic":null}']

let stored: Record<'localStorage' | 'sessionStorage', Map<string, string>>

beforeEach(() => {
  stored = { localStorage: new Map(), sessionStorage: new Map() }
  vi.stubGlobal('document', { documentElement: { dataset: {} } })
  offerStorage()
})

afterEach(() => {
  offerStorage()
  deleteDrafts('ann') // also stores what the last test has kept in memory
  vi.unstubAllGlobals()
})

function offerStorage(isRefused: (key: string) => boolean = () => false): void {
  for (const area of ['localStorage', 'sessionStorage'] as const) {
    vi.stubGlobal(area, {
      getItem: (key: string) => stored[area].get(key) ?? null,
      setItem(key: string, value: string) {
        if (isRefused(key)) throw new DOMException('The quota has been exceeded.', 'QuotaExceededError')
        stored[area].set(key, value)
      },
      removeItem: (key: string) => void stored[area].delete(key),
    })
  }
}

function forbidStorage(): void {
  for (const area of ['localStorage', 'sessionStorage'] as const) {
    const get = () => {
      throw new DOMException('Access is denied.', 'SecurityError')
    }
    Object.defineProperty(globalThis, area, { get, configurable: true })
  }
}

function intents(): Intents {
  return new Intents('ann', () => 1_000_000)
}

describe('stored data that cannot be read counts as missing', () => {
  test.each(UNREADABLE)('%j as draft', (text) => {
    stored.localStorage.set('draft:ann', text)
    expect(Object.values(loadDrafts('ann')).flatMap((values) => Object.keys(values))).toEqual([])

    saveDraft('ann', 'diagnostic', { steps: '2' })
    expect(loadDrafts('ann')).toMatchObject({ diagnostic: { steps: '2' } })
  })

  test.each([...UNREADABLE, JSON.stringify(INTENT)])('%j as intents', (text) => {
    stored.sessionStorage.set('intents:ann', text)
    expect(intents().listInterrupted()).toEqual([])

    const { key } = intents().begin([SUBMISSION])
    expect(intents().listInterrupted()).toMatchObject([{ key }])
  })

  test.each(UNREADABLE)('%j as user and theme', (text) => {
    stored.sessionStorage.set('person', text)
    stored.localStorage.set('person', 'ben')
    stored.localStorage.set('theme', text)
    restoreTheme()

    expect([restoreLocalUser(['ann', 'ben']), useTheme().theme.value]).toEqual(['ben', 'auto'])
  })

  test('a text that is too large', () => {
    stored.localStorage.set('draft:ann', JSON.stringify({ diagnostic: { steps: 'x'.repeat(1_000_001) } }))

    expect(loadDrafts('ann')).toEqual({})
  })
})

describe('of stored data that is partly wrong the rest is used', () => {
  test.each([{ steps: 1 }, { steps: null }, { steps: ['1'] }, { steps: { a: '1' } }])('a draft with %j', (wrong) => {
    stored.localStorage.set('draft:ann', JSON.stringify({ diagnostic: { ...wrong, note: 'Kept' }, report: 7 }))

    expect(loadDrafts('ann')).toEqual({ diagnostic: { note: 'Kept' } })
  })

  test.each([
    null,
    { ...INTENT, key: '' },
    { ...INTENT, key: 7 },
    { ...INTENT, key: 'line\nbreak' },
    { ...INTENT, key: 'x'.repeat(256) },
    { ...INTENT, asks: [] },
    { ...INTENT, asks: {} },
    { ...INTENT, asks: [null] },
    { ...INTENT, asks: [{ type: 'diagnostic' }] },
    { ...INTENT, asks: [{ type: 7, input: {} }] },
    { ...INTENT, since: '1' },
    { ...INTENT, since: undefined },
    { ...INTENT, since: 1e300 },
    { ...INTENT, answeredAt: null },
    { ...INTENT, failed: 'yes' },
  ])('intents with %j', (wrong) => {
    stored.sessionStorage.set('intents:ann', JSON.stringify([wrong, { ...INTENT, key: 'k2' }]))

    expect(intents().listInterrupted()).toEqual([{ ...INTENT, key: 'k2' }])
  })

  test('an intent that seems to be answered in the future, since the clock was set back, is over', () => {
    stored.sessionStorage.set('intents:ann', JSON.stringify([{ ...INTENT, answeredAt: 2_000_000 }]))

    expect(intents().begin([SUBMISSION]).key).not.toBe('k1')
  })
})

describe.each([
  ['full', () => offerStorage(() => true)],
  ['forbidden', forbidStorage],
  ['missing', () => ['localStorage', 'sessionStorage'].forEach((area) => vi.stubGlobal(area, null))],
])('while storage is %s', (_, breakStorage) => {
  beforeEach(breakStorage)

  test('drafts, intents, user and theme are kept in memory, and the page can say so', () => {
    saveDraft('ann', 'diagnostic', { steps: '1' })
    const { key } = intents().begin([SUBMISSION])
    storeLocalUser('ben')
    restoreTheme()
    useTheme().nextTheme()

    expect(loadDrafts('ann')).toEqual({ diagnostic: { steps: '1' } })
    expect(intents().begin([SUBMISSION]).key).toBe(key)
    expect(restoreLocalUser(['ann', 'ben'])).toBe('ben')
    expect(useTheme().theme.value).toBe('light')
    expect(isStorageFailing.value).toBe(true)
  })

  test('a deleted draft is gone', () => {
    saveDraft('ann', 'diagnostic', { steps: '1' })
    deleteDrafts('ann')

    expect(loadDrafts('ann')).toEqual({})
  })

  test('everything is stored as soon as storage works again', () => {
    saveDraft('ann', 'diagnostic', { steps: '1' })
    storeLocalUser('ben')
    vi.unstubAllGlobals()
    offerStorage()
    saveDraft('ann', 'diagnostic', { steps: '2' })

    expect(readJson('localStorage', 'draft:ann')).toEqual({ diagnostic: { steps: '2' } })
    expect([...stored.localStorage.keys(), ...stored.sessionStorage.keys()]).toEqual(['draft:ann', 'person', 'person'])
    expect(isStorageFailing.value).toBe(false)
  })
})

test('only the key that the browser refuses is kept in memory', () => {
  offerStorage((key) => key === 'draft:ann')
  saveDraft('ann', 'diagnostic', { steps: '1' })
  storeLocalUser('ben')

  expect([...stored.localStorage.keys()]).toEqual(['person'])
  expect(loadDrafts('ann')).toEqual({ diagnostic: { steps: '1' } })
  expect(isStorageFailing.value).toBe(true)
})

test('a value that is too large is kept in memory, and the one stored before stays', () => {
  const large: Values = { steps: 'x'.repeat(1_000_001) }
  saveDraft('ann', 'diagnostic', { steps: '1' })
  saveDraft('ann', 'diagnostic', large)

  expect(loadDrafts('ann')).toEqual({ diagnostic: large })
  expect(stored.localStorage.get('draft:ann')).toBe('{"diagnostic":{"steps":"1"}}')
  expect(isStorageFailing.value).toBe(true)
})

test('a value that could not be read is not deleted when others are written', () => {
  stored.localStorage.set('theme', 'dark')
  forbidStorage()
  expect([readText('localStorage', 'theme'), isStorageFailing.value]).toEqual([null, true])
  offerStorage()
  storeLocalUser('ben')

  expect([readText('localStorage', 'theme'), isStorageFailing.value]).toEqual(['dark', false])
})
