import { expect, test } from 'vitest'

import type { Request } from '../src/api'
import { isLater } from '../src/revisions'

const ASKED = { redrive: 0, generation: 0, attempt: 0, status: 'queued' }
const LIFE = [
  ASKED,
  { ...ASKED, attempt: 1, status: 'processing' },
  { ...ASKED, attempt: 1, status: 'processing', progress: { percent: 40, message: '' } },
  { ...ASKED, attempt: 1, status: 'queued' },
  { ...ASKED, attempt: 2, status: 'processing' },
  { ...ASKED, generation: 1, attempt: 1, status: 'queued' },
  { ...ASKED, generation: 1, attempt: 2, status: 'processing' },
  { ...ASKED, generation: 1, attempt: 2, status: 'failed' },
  { ...ASKED, generation: 2, redrive: 1, status: 'queued' },
  { ...ASKED, generation: 2, redrive: 1, attempt: 1, status: 'processing' },
  { ...ASKED, generation: 2, redrive: 1, attempt: 1, status: 'completed' },
] as Request[]

test('each state of a life is later than those before it, and not than itself', () => {
  for (const [index, one] of LIFE.entries()) {
    expect(LIFE.map((other) => isLater(one, other))).toEqual(LIFE.map((_, other) => other < index))
  }
})
