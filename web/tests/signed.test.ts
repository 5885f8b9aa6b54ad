import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import type { Client } from '../src/client'
import { type Signed, signed } from '../src/signed'

const HOLDS_MS = 15 * 60_000
const REQUEST = { id: 'r1', redrive: 0 }

let asked: string[]
let fails: boolean
let urls: Signed

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] })
  ;[asked, fails] = [[], false]
  urls = signed({ assetUrl } as unknown as Client)
})

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

/** A service whose URLs differ each time. */
async function assetUrl(id: string, name: string): Promise<{ url: string; expires_at: string }> {
  asked.push(`${id}/${name}`)
  if (fails) throw new Error('No.')
  return { url: `https://assets/${asked.length}`, expires_at: new Date(Date.now() + HOLDS_MS).toISOString() }
}

function pass(ms: number): void {
  vi.setSystemTime(Date.now() + ms)
}

test('a URL is shared while it holds, also by those who ask before it is there', async () => {
  const together = await Promise.all([urls.urlOf(REQUEST, 'a.png'), urls.urlOf(REQUEST, 'a.png')])
  pass(HOLDS_MS - 61_000)

  expect([...together, await urls.urlOf(REQUEST, 'a.png')]).toEqual(Array(3).fill('https://assets/1'))
})

test('a URL is renewed a minute before it ends, and the new one is shared', async () => {
  await urls.urlOf(REQUEST, 'a.png')
  pass(HOLDS_MS - 59_000)

  expect([await urls.urlOf(REQUEST, 'a.png'), await urls.urlOf(REQUEST, 'a.png')]).toEqual(Array(2).fill('https://assets/2'))
})

test('a URL that did not work is asked for anew before its end, and the new one is shared', async () => {
  await urls.urlOf(REQUEST, 'a.png')

  expect([await urls.urlOf(REQUEST, 'a.png', true), await urls.urlOf(REQUEST, 'a.png')]).toEqual(
    Array(2).fill('https://assets/2'),
  )
})

test('a failure is not remembered', async () => {
  fails = true
  await expect(urls.urlOf(REQUEST, 'a.png')).rejects.toThrow('No.')
  fails = false

  expect(await urls.urlOf(REQUEST, 'a.png')).toBe('https://assets/2')
})

test('another name, another request and a retry have URLs of their own', async () => {
  await urls.urlOf(REQUEST, 'a.png')
  await urls.urlOf(REQUEST, 'b.png')
  await urls.urlOf({ ...REQUEST, id: 'r2' }, 'a.png')
  await urls.urlOf({ ...REQUEST, redrive: 1 }, 'a.png')

  expect(asked).toEqual(['r1/a.png', 'r1/b.png', 'r2/a.png', 'r1/a.png'])
})

describe('a file', () => {
  let fetched: string[]
  let saved: string[]

  /** Assets that are answered with these, one after the other; undefined is no answer. */
  function answers(...statuses: (number | undefined)[]): void {
    vi.stubGlobal('fetch', async (url: string, { signal }: RequestInit) => {
      fetched.push(url)
      const status = statuses.shift()
      if (status) return new Response('bytes', { status })
      return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))
    })
  }

  beforeEach(() => {
    ;[fetched, saved] = [[], []]
    const link = { download: '', click: () => saved.push(link.download) }
    vi.stubGlobal('document', { createElement: () => link })
    vi.spyOn(URL, 'createObjectURL').mockReturnValue('blob:1')
  })

  test('is saved from a URL that is held already', async () => {
    answers(200)
    await urls.urlOf(REQUEST, 'a.png')
    await urls.save(REQUEST, 'a.png', 'b.png')

    expect(fetched).toEqual(['https://assets/1'])
    expect(saved).toEqual(['b.png'])
  })

  test('is saved from a new URL if the one that is held does not work', async () => {
    answers(403, 200)
    await urls.save(REQUEST, 'a.png', 'b.png')

    expect(fetched).toEqual(['https://assets/1', 'https://assets/2'])
    expect(saved).toEqual(['b.png'])
  })

  test('that a new URL does not bring either is told', async () => {
    answers(403, 404)

    await expect(urls.save(REQUEST, 'a.png', 'b.png')).rejects.toThrow('404')
    expect(saved).toEqual([])
  })

  test('is waited for a minute and not for ever', async () => {
    const ends = new AbortController()
    const timeout = vi.spyOn(AbortSignal, 'timeout').mockReturnValue(ends.signal)
    answers(undefined)
    const saving = urls.save(REQUEST, 'a.png', 'b.png')
    await vi.waitFor(() => expect(fetched).toHaveLength(1))
    ends.abort(new DOMException('Too long.', 'TimeoutError'))

    await expect(saving).rejects.toThrow('Too long.')
    expect(timeout.mock.calls).toEqual([[60_000]])
    expect(fetched).toHaveLength(1)
  })
})
