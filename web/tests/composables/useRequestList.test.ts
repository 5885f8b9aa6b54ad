import { beforeEach, describe, expect, test } from 'vitest'

import type { Client, OnSnapshot, Request, RequestPage, Status } from '../../src/client'
import { PAGE_SIZE, type RequestList, useRequestList } from '../../src/composables/useRequestList'

/** The open listeners by status or id. */
let listeners: Map<string | undefined, OnSnapshot>
let pages: RequestPage[]
let listCalls: unknown[]
let ended: [string, Status][]
let requests: RequestList

beforeEach(() => {
  listeners = new Map()
  ;[pages, listCalls, ended] = [[], [], []]
  requests = useRequestList(scriptedClient(), ({ id, status }) => ended.push([id, status]))
})

/** A client that returns what the test has prepared. */
function scriptedClient(): Client {
  const watch = (target: string | { status?: Status }, onSnapshot: OnSnapshot) => {
    const name = typeof target === 'string' ? target : target.status
    listeners.set(name, onSnapshot)
    return () => listeners.delete(name)
  }
  const list = (query: unknown) => {
    listCalls.push(query)
    return Promise.resolve(pages.shift())
  }
  return { watch, list } as unknown as Client
}

/** The higher the number, the newer. */
function request(number: number, status: Status = 'completed', more: Partial<Request> = {}): Request {
  const created_at = `2026-01-01T00:00:${String(number).padStart(2, '0')}Z`
  return { id: `r${number}`, status, created_at, redrive: 0, generation: 0, attempt: 1, ...more } as Request
}

/** From the newest to the oldest. */
function range(newest: number, oldest: number, status?: Status): Request[] {
  return Array.from({ length: newest - oldest + 1 }, (_, index) => request(newest - index, status))
}

function sendWindow(newest: Request[], isConfirmed = true): void {
  listeners.get(requests.filter.value)?.(newest, isConfirmed)
}

function sendSingle(id: string, ...found: Request[]): void {
  listeners.get(id)?.(found, true)
}

function shownIds(): string[] {
  return requests.list.value.map(({ id }) => id)
}

function watchedSingly(): unknown[] {
  return [...listeners.keys()].filter((name) => name?.startsWith('r'))
}

describe('the list', () => {
  test('shows one page, newest first, and whether there are older requests', () => {
    sendWindow(range(11, 1))

    expect(shownIds()).toEqual(range(11, 2).map(({ id }) => id))
    expect(requests.hasOlder.value).toBe(true)
  })

  test('has no older requests if all fit on one page', () => {
    sendWindow(range(10, 1))

    expect(requests.hasOlder.value).toBe(false)
  })

  test('is loaded once it has a request or is confirmed to be empty', () => {
    sendWindow([], false)
    expect(requests.isLoaded.value).toBe(false)
    sendWindow([], true)
    expect(requests.isLoaded.value).toBe(true)

    requests.setFilter('failed')
    expect(requests.isLoaded.value).toBe(false)
    sendWindow([request(1, 'failed')], false)
    expect(requests.isLoaded.value).toBe(true)
  })

  test('keeps requests that have left the window', () => {
    sendWindow(range(10, 1))
    sendWindow(range(11, 1))

    expect(shownIds()).toHaveLength(PAGE_SIZE + 1)
  })

  test('sorts a whole second before its fractions', () => {
    sendWindow([
      request(1, 'queued', { id: 'rA', created_at: '2026-01-01T00:00:01Z' }),
      request(1, 'queued', { id: 'rB', created_at: '2026-01-01T00:00:01.5Z' }),
    ])

    expect(shownIds()).toEqual(['rB', 'rA'])
  })

  test('removes a deleted request', () => {
    sendWindow(range(2, 1))
    sendWindow([request(2)])
    sendSingle('r1')

    expect(shownIds()).toEqual(['r2'])
    expect(requests.find('r1')).toBeUndefined()
    expect(watchedSingly()).toEqual([])
  })
})

describe('a filter', () => {
  test('hides other requests at once and watches the matching ones', () => {
    sendWindow([request(2, 'failed'), request(1)])
    requests.setFilter('failed')

    expect(shownIds()).toEqual([])
    sendWindow([request(2, 'failed')])
    expect(shownIds()).toEqual(['r2'])
  })

  test('hides a request that no longer matches, which can still be found', () => {
    requests.setFilter('processing')
    sendWindow([request(1, 'processing')])
    sendWindow([])
    sendSingle('r1', request(1, 'completed'))

    expect(shownIds()).toEqual([])
    expect(requests.find('r1')?.status).toBe('completed')
  })

  test('is removed when a request is submitted', () => {
    requests.setFilter('failed')
    requests.add([request(3, 'queued')])

    expect(requests.filter.value).toBeUndefined()
    expect(shownIds()).toEqual(['r3'])
  })
})

describe('loading older requests', () => {
  test('continues after the live page, then after the page before', async () => {
    sendWindow(range(31, 21))
    pages = [{ requests: range(31, 12), next_page_token: 'next' }, { requests: range(11, 2) }]

    await requests.loadOlder()
    expect(requests.hasOlder.value).toBe(true)
    await requests.loadOlder()

    expect(listCalls).toEqual([
      { limit: 20, status: undefined, page_token: undefined },
      { limit: 10, status: undefined, page_token: 'next' },
    ])
    expect(shownIds()).toEqual(range(31, 2).map(({ id }) => id))
    expect(requests.hasOlder.value).toBe(false)
  })

  test('ends with the last page, even if the window shows more later', async () => {
    sendWindow(range(11, 1))
    pages = [{ requests: range(11, 1) }]
    await requests.loadOlder()

    sendWindow(range(12, 2))

    expect(requests.hasOlder.value).toBe(false)
  })

  test('drops a page if the filter has changed in the meantime', async () => {
    sendWindow(range(11, 1))
    pages = [{ requests: range(11, 1), next_page_token: 'next' }]
    const loading = requests.loadOlder()
    requests.setFilter('failed')
    await loading

    expect(requests.find('r1')).toBeUndefined()
    expect(requests.hasOlder.value).toBe(false)
  })

  test('starts again with another filter', async () => {
    sendWindow(range(31, 21))
    pages = [{ requests: range(31, 12), next_page_token: 'next' }, { requests: [] }]
    await requests.loadOlder()
    requests.setFilter('failed')
    await requests.loadOlder()

    expect(listCalls[1]).toEqual({ limit: 20, status: 'failed', page_token: undefined })
  })

  test('never replaces a later revision', async () => {
    sendWindow([request(1, 'completed')])
    pages = [{ requests: [request(1, 'processing')] }]
    await requests.loadOlder()

    expect(requests.find('r1')?.status).toBe('completed')
    expect(ended).toEqual([])
  })
})

describe('the end of a request is reported once', () => {
  test('in the window, even if the answer to a call shows it too', () => {
    sendWindow([request(1, 'processing')])
    sendWindow([request(1, 'cancelled')])
    requests.update(request(1, 'cancelled'))
    sendWindow([request(1, 'cancelled')])

    expect(ended).toEqual([['r1', 'cancelled']])
  })

  test('but not if it had ended before it was first shown', () => {
    sendWindow([request(1)])
    requests.setFilter('completed')
    sendWindow([request(1)])

    expect(ended).toEqual([])
  })

  test('for a request that has left the window, whose listener then stops', () => {
    sendWindow([request(1, 'processing')])
    sendWindow(range(11, 2))
    sendSingle('r1', request(1, 'processing'))
    expect(watchedSingly()).toEqual(['r1'])

    sendSingle('r1', request(1, 'failed'))

    expect(ended).toEqual([['r1', 'failed']])
    expect(watchedSingly()).toEqual([])
  })

  test('for a request that is back in the window, by the listener of the window alone', () => {
    sendWindow([request(1, 'processing')])
    requests.setFilter('processing')
    expect(watchedSingly()).toEqual(['r1'])
    sendWindow([request(1, 'processing')])
    expect(watchedSingly()).toEqual([])
    sendWindow([])
    sendSingle('r1', request(1, 'completed'))

    expect(ended).toEqual([['r1', 'completed']])
  })

  test('for an older request', async () => {
    sendWindow(range(31, 21))
    pages = [{ requests: [...range(31, 13), request(12, 'queued')] }]
    await requests.loadOlder()

    expect(watchedSingly()).toEqual(['r12'])
    sendSingle('r12', request(12, 'completed'))

    expect(ended).toEqual([['r12', 'completed']])
  })

  test('for a submitted request that was never in the window', () => {
    sendWindow(range(11, 2))
    requests.add([request(1, 'queued')])
    sendWindow(range(12, 3))
    sendSingle('r1', request(1, 'completed'))

    expect(ended).toEqual([['r1', 'completed']])
  })

  test('for a submitted request that ends before the answer arrives and is shown after it', () => {
    sendWindow([request(1)])
    expect(ended).toEqual([])

    requests.add([request(1, 'queued')])
    sendWindow([request(1)])

    expect(ended).toEqual([['r1', 'completed']])
  })

  test('for a submitted request that is shown and ends before the answer arrives', () => {
    sendWindow([request(1, 'processing')])
    sendWindow([request(1)])
    requests.add([request(1, 'queued')])

    expect(ended).toEqual([['r1', 'completed']])
  })

  test('for requests that were submitted before a reload and have ended since', () => {
    requests.add([request(2), request(1, 'failed')])

    expect(ended).toEqual([
      ['r2', 'completed'],
      ['r1', 'failed'],
    ])
  })

  test('for an older request that was retried here', async () => {
    sendWindow(range(31, 21))
    pages = [{ requests: [...range(31, 13), request(12, 'failed')] }]
    await requests.loadOlder()
    requests.update(request(12, 'queued', { redrive: 1, attempt: 0 }))
    sendSingle('r12', request(12, 'completed', { redrive: 1 }))

    expect(ended).toEqual([['r12', 'completed']])
  })

  test('for a request whose retry was answered before its failure was shown', () => {
    sendWindow([request(1, 'failed')])
    requests.setFilter('completed')
    requests.update(request(1, 'queued', { redrive: 1, attempt: 0 }))
    sendSingle('r1', request(1, 'failed'))
    sendSingle('r1', request(1, 'completed', { redrive: 1 }))

    expect(ended).toEqual([['r1', 'completed']])
  })

  test('for a request that was retried and ended elsewhere between two snapshots', () => {
    sendWindow([request(1, 'failed')])
    sendWindow([request(1, 'completed', { redrive: 1 })])

    expect(ended).toEqual([['r1', 'completed']])
  })
})

test('a closed list has no listeners and opens none', async () => {
  sendWindow([request(3, 'processing')])
  requests.setFilter('failed')
  pages = [{ requests: [request(2, 'queued')] }]
  const loading = requests.loadOlder()
  requests.close()
  await loading
  requests.update(request(1, 'queued'))
  requests.add([request(4, 'queued')])

  expect([...listeners.keys()]).toEqual([])
})
