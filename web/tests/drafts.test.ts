import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { draftsOf, forgetDrafts, keepDraft } from '../src/drafts'

let stored: Map<string, string>

beforeEach(() => {
  stored = new Map()
  vi.stubGlobal('localStorage', {
    getItem: (name: string) => stored.get(name) ?? null,
    setItem: stored.set.bind(stored),
    removeItem: stored.delete.bind(stored),
  })
})

afterEach(() => void vi.unstubAllGlobals())

test('a draft leaves alone what was typed for another type, as in another tab', () => {
  keepDraft('ann', 'diagnostic', { steps: '1' })
  keepDraft('ann', 'medical_asset', { message: 'Open.' })
  keepDraft('ann', 'diagnostic', { steps: '2' })

  expect(draftsOf('ann')).toEqual({ diagnostic: { steps: '2' }, medical_asset: { message: 'Open.' } })
})

test('drafts are forgotten with their person', () => {
  keepDraft('ann', 'diagnostic', { steps: '1' })
  keepDraft('ben', 'diagnostic', { steps: '2' })
  forgetDrafts('ann')

  expect([draftsOf('ann'), draftsOf('ben')]).toEqual([{}, { diagnostic: { steps: '2' } }])
})
