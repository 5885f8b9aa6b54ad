import { expect, test } from 'vitest'

import type { Request } from '../../src/client/api'
import { isLater } from '../../src/client/revisions'

const CREATED = { redrive: 0, generation: 0, attempt: 0, status: 'queued' }
const REVISIONS = [
  CREATED,
  { ...CREATED, attempt: 1, status: 'processing' },
  { ...CREATED, attempt: 1, status: 'processing', progress: { percent: 40, message: '' } },
  { ...CREATED, attempt: 1, status: 'queued' },
  { ...CREATED, attempt: 2, status: 'processing' },
  { ...CREATED, generation: 1, attempt: 1, status: 'queued' },
  { ...CREATED, generation: 1, attempt: 2, status: 'processing' },
  { ...CREATED, generation: 1, attempt: 2, status: 'failed' },
  { ...CREATED, generation: 2, redrive: 1, status: 'queued' },
  { ...CREATED, generation: 2, redrive: 1, attempt: 1, status: 'processing' },
  { ...CREATED, generation: 2, redrive: 1, attempt: 1, status: 'completed' },
] as Request[]

test('each revision is later than those before it, and not later than itself', () => {
  for (const [index, one] of REVISIONS.entries()) {
    expect(REVISIONS.map((other) => isLater(one, other))).toEqual(REVISIONS.map((_, other) => other < index))
  }
})
