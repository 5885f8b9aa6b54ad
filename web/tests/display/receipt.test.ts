import { expect, test } from 'vitest'

import type { Request } from '../../src/client'
import { receiptOf } from '../../src/display/receipt'

function completed(type: string, result?: Record<string, unknown>): Request {
  return { type, result } as unknown as Request
}

test('the receipt of an erasure lists what was erased and how long backups keep it', () => {
  const erased = { requests: 3, cancelled: 1, notifications: 2, files: 1 }
  const backups = { records_days: 7, records_until: '2026-01-08T12:00:00Z', files_days: 0 }

  expect(receiptOf(completed('erasure', { erased, erased_at: '2026-01-01T12:00:00Z', backups }))).toMatch(
    /^Erased: 3 requests \(1 cancelled\), 2 notifications and 1 file\. Backups keep the records until .*8.*2026\.$/,
  )
})

test.each([
  [0, '2 requests and 1 file.'],
  [1, '2 requests and 1 file. 1 file no longer exists.'],
  [2, '2 requests and 1 file. 2 files no longer exist.'],
])('the receipt of an export lists what is in it and what is missing: %i', (missing_files, text) => {
  expect(receiptOf(completed('export', { exported: { requests: 2, files: 1, missing_files } }))).toBe(text)
})

test('a request that has not completed, or is of another type, has no receipt', () => {
  expect([completed('erasure'), completed('diagnostic', {})].map(receiptOf)).toEqual(['', ''])
})
