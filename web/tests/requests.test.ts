import { beforeEach, expect, test } from 'vitest'

import type { Request, Status } from '../src/api'
import type { Client } from '../src/client'
import { follow } from '../src/requests'

type Show = (requests: Request[], confirmed: boolean) => void

let byStatus: Map<Status | undefined, Show>
let byId: Map<string, Show>

beforeEach(() => {
  byStatus = new Map()
  byId = new Map()
})

/** Follows a service that says what the test says. */
function followed(ended: (request: Request) => void = () => {}) {
  const watch = (wanted: string | { status?: Status }, show: Show) => {
    if (typeof wanted === 'string') byId.set(wanted, show)
    else byStatus.set(wanted.status, show)
    return () => {}
  }
  return follow({ watch } as unknown as Client, ended)
}

function request(status: Status): Request {
  return { id: 'r1', status, created_at: '2026-01-01T00:00:00Z', redrive: 0, attempt: 1 } as unknown as Request
}

test('a request that no longer fits the filter leaves the list and can still be found', () => {
  const requests = followed()
  requests.watch('processing')
  byStatus.get('processing')?.([request('processing')], true)
  byStatus.get('processing')?.([], true)
  byId.get('r1')?.([request('completed')], true)

  expect(requests.list.value).toEqual([])
  expect(requests.find('r1')?.status).toBe('completed')
})
