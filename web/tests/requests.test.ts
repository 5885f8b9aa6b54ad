import { beforeEach, describe, expect, test } from 'vitest'

import type { Request, Status } from '../src/api'
import type { Client, Page, Seen } from '../src/client'
import { follow, PER_PAGE, type Requests } from '../src/requests'

/** What is listened to now, by status or by id. */
let listening: Map<string | undefined, Seen>
let pages: Page[]
let pagesAsked: unknown[]
let ended: [string, Status][]
let requests: Requests

beforeEach(() => {
  listening = new Map()
  ;[pages, pagesAsked, ended] = [[], [], []]
  requests = follow(service(), ({ id, status }) => ended.push([id, status]))
})

/** A service that says what the test says. */
function service(): Client {
  const watch = (wanted: string | { status?: Status }, seen: Seen) => {
    const name = typeof wanted === 'string' ? wanted : wanted.status
    listening.set(name, seen)
    return () => listening.delete(name)
  }
  const page = (wanted: unknown) => {
    pagesAsked.push(wanted)
    return Promise.resolve(pages.shift())
  }
  return { watch, page } as unknown as Client
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

function window(told: Request[], confirmed = true): void {
  listening.get(requests.status.value)?.(told, confirmed)
}

function one(id: string, ...told: Request[]): void {
  listening.get(id)?.(told, true)
}

function ids(): string[] {
  return requests.list.value.map(({ id }) => id)
}

function watchedApart(): unknown[] {
  return [...listening.keys()].filter((name) => name?.startsWith('r'))
}

describe('the list', () => {
  test('shows one page, newest first, and that there are older ones', () => {
    window(range(11, 1))

    expect(ids()).toEqual(range(11, 2).map(({ id }) => id))
    expect(requests.hasOlder.value).toBe(true)
  })

  test('of a page or less has no older ones', () => {
    window(range(10, 1))

    expect(requests.hasOlder.value).toBe(false)
  })

  test('is loaded once there is something to show, or it is confirmed that there is nothing', () => {
    window([], false)
    expect(requests.loaded.value).toBe(false)
    window([], true)
    expect(requests.loaded.value).toBe(true)

    requests.watch('failed')
    expect(requests.loaded.value).toBe(false)
    window([request(1, 'failed')], false)
    expect(requests.loaded.value).toBe(true)
  })

  test('keeps what the window has left behind', () => {
    window(range(10, 1))
    window(range(11, 1))

    expect(ids()).toHaveLength(PER_PAGE + 1)
  })

  test('sorts a whole second before its fractions', () => {
    window([
      request(1, 'queued', { id: 'rA', created_at: '2026-01-01T00:00:01Z' }),
      request(1, 'queued', { id: 'rB', created_at: '2026-01-01T00:00:01.5Z' }),
    ])

    expect(ids()).toEqual(['rB', 'rA'])
  })

  test('loses what is gone', () => {
    window(range(2, 1))
    window([request(2)])
    one('r1')

    expect(ids()).toEqual(['r2'])
    expect(requests.find('r1')).toBeUndefined()
    expect(watchedApart()).toEqual([])
  })
})

describe('a filter', () => {
  test('hides at once what does not fit it, and asks for what does', () => {
    window([request(2, 'failed'), request(1)])
    requests.watch('failed')

    expect(ids()).toEqual([])
    window([request(2, 'failed')])
    expect(ids()).toEqual(['r2'])
  })

  test('loses a request that no longer fits it, which can still be found', () => {
    requests.watch('processing')
    window([request(1, 'processing')])
    window([])
    one('r1', request(1, 'completed'))

    expect(ids()).toEqual([])
    expect(requests.find('r1')?.status).toBe('completed')
  })

  test('ends when something is asked', () => {
    requests.watch('failed')
    requests.add([request(3, 'queued')])

    expect(requests.status.value).toBeUndefined()
    expect(ids()).toEqual(['r3'])
  })
})

describe('older ones', () => {
  test('begin after the page that is live, then go on from where they were', async () => {
    window(range(31, 21))
    pages = [{ requests: range(31, 12), next_page_token: 'next' }, { requests: range(11, 2) }]

    await requests.older()
    expect(requests.hasOlder.value).toBe(true)
    await requests.older()

    expect(pagesAsked).toEqual([
      { limit: 20, status: undefined, page_token: undefined },
      { limit: 10, status: undefined, page_token: 'next' },
    ])
    expect(ids()).toEqual(range(31, 2).map(({ id }) => id))
    expect(requests.hasOlder.value).toBe(false)
  })

  test('are at their end by what the pages say, whatever the window says then', async () => {
    window(range(11, 1))
    pages = [{ requests: range(11, 1) }]
    await requests.older()

    window(range(12, 2))

    expect(requests.hasOlder.value).toBe(false)
  })

  test('are dropped if the filter has changed meanwhile', async () => {
    window(range(11, 1))
    pages = [{ requests: range(11, 1), next_page_token: 'next' }]
    const asked = requests.older()
    requests.watch('failed')
    await asked

    expect(requests.find('r1')).toBeUndefined()
    expect(requests.hasOlder.value).toBe(false)
  })

  test('begin anew with another filter', async () => {
    window(range(31, 21))
    pages = [{ requests: range(31, 12), next_page_token: 'next' }, { requests: [] }]
    await requests.older()
    requests.watch('failed')
    await requests.older()

    expect(pagesAsked[1]).toEqual({ limit: 20, status: 'failed', page_token: undefined })
  })

  test('never replace what is known to be later', async () => {
    window([request(1, 'completed')])
    pages = [{ requests: [request(1, 'processing')] }]
    await requests.older()

    expect(requests.find('r1')?.status).toBe('completed')
    expect(ended).toEqual([])
  })
})

describe('an end is told once', () => {
  test('in the window, also when the answer to a call tells it too', () => {
    window([request(1, 'processing')])
    window([request(1, 'cancelled')])
    requests.learn(request(1, 'cancelled'))
    window([request(1, 'cancelled')])

    expect(ended).toEqual([['r1', 'cancelled']])
  })

  test('never of what had ended before it was shown', () => {
    window([request(1)])
    requests.watch('completed')
    window([request(1)])

    expect(ended).toEqual([])
  })

  test('of what has left the window, which is then no longer watched', () => {
    window([request(1, 'processing')])
    window(range(11, 2))
    one('r1', request(1, 'processing'))
    expect(watchedApart()).toEqual(['r1'])

    one('r1', request(1, 'failed'))

    expect(ended).toEqual([['r1', 'failed']])
    expect(watchedApart()).toEqual([])
  })

  test('of what is back in the window, by the window alone', () => {
    window([request(1, 'processing')])
    requests.watch('processing')
    expect(watchedApart()).toEqual(['r1'])
    window([request(1, 'processing')])
    expect(watchedApart()).toEqual([])
    window([])
    one('r1', request(1, 'completed'))

    expect(ended).toEqual([['r1', 'completed']])
  })

  test('of an older one', async () => {
    window(range(31, 21))
    pages = [{ requests: [...range(31, 13), request(12, 'queued')] }]
    await requests.older()

    expect(watchedApart()).toEqual(['r12'])
    one('r12', request(12, 'completed'))

    expect(ended).toEqual([['r12', 'completed']])
  })

  test('of what was asked here and never was in the window', () => {
    window(range(11, 2))
    requests.add([request(1, 'queued')])
    window(range(12, 3))
    one('r1', request(1, 'completed'))

    expect(ended).toEqual([['r1', 'completed']])
  })

  test('of what was asked here and had ended before that was answered', () => {
    window([request(1)])
    expect(ended).toEqual([])

    requests.add([request(1, 'queued')])
    window([request(1)])

    expect(ended).toEqual([['r1', 'completed']])
  })

  test('of what was asked here and was heard of before that was answered', () => {
    window([request(1, 'processing')])
    window([request(1)])
    requests.add([request(1, 'queued')])

    expect(ended).toEqual([['r1', 'completed']])
  })

  test('of what was asked before a reload and has ended since', () => {
    requests.add([request(2), request(1, 'failed')])

    expect(ended).toEqual([
      ['r2', 'completed'],
      ['r1', 'failed'],
    ])
  })

  test('of an older one that was retried here', async () => {
    window(range(31, 21))
    pages = [{ requests: [...range(31, 13), request(12, 'failed')] }]
    await requests.older()
    requests.learn(request(12, 'queued', { redrive: 1, attempt: 0 }))
    one('r12', request(12, 'completed', { redrive: 1 }))

    expect(ended).toEqual([['r12', 'completed']])
  })

  test('of what was retried before it was heard to have failed', () => {
    window([request(1, 'failed')])
    requests.watch('completed')
    requests.learn(request(1, 'queued', { redrive: 1, attempt: 0 }))
    one('r1', request(1, 'failed'))
    one('r1', request(1, 'completed', { redrive: 1 }))

    expect(ended).toEqual([['r1', 'completed']])
  })

  test('of what was retried elsewhere and ended again unheard', () => {
    window([request(1, 'failed')])
    window([request(1, 'completed', { redrive: 1 })])

    expect(ended).toEqual([['r1', 'completed']])
  })
})

test('once it is closed nothing is listened to, nor again', async () => {
  window([request(3, 'processing')])
  requests.watch('failed')
  pages = [{ requests: [request(2, 'queued')] }]
  const asked = requests.older()
  requests.close()
  await asked
  requests.learn(request(1, 'queued'))
  requests.add([request(4, 'queued')])

  expect([...listening.keys()]).toEqual([])
})
