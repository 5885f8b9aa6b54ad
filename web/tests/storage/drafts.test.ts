import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { deleteDrafts, loadDrafts, saveDraft } from '../../src/storage/drafts'

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

test('saving a draft keeps the drafts of other types', () => {
  saveDraft('ann', 'diagnostic', { steps: '1' })
  saveDraft('ann', 'medical_asset', { message: 'Open.' })
  saveDraft('ann', 'diagnostic', { steps: '2' })

  expect(loadDrafts('ann')).toEqual({ diagnostic: { steps: '2' }, medical_asset: { message: 'Open.' } })
})

test('deleting the drafts of a user keeps those of other users', () => {
  saveDraft('ann', 'diagnostic', { steps: '1' })
  saveDraft('ben', 'diagnostic', { steps: '2' })
  deleteDrafts('ann')

  expect([loadDrafts('ann'), loadDrafts('ben')]).toEqual([{}, { diagnostic: { steps: '2' } }])
})

test('a draft that an earlier release has stored is loaded', () => {
  stored.set('draft:ann', '{"diagnostic":{"steps":"1"}}')

  expect(loadDrafts('ann')).toEqual({ diagnostic: { steps: '1' } })
})
