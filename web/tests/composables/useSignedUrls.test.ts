import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { type SignedUrls, useSignedUrls } from '../../src/composables/useSignedUrls'

const VALID_MS = 15 * 60_000
const REQUEST = { id: 'r1', redrive: 0 }

let calls: string[]
let isFailing: boolean
let urls: SignedUrls

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] })
  ;[calls, isFailing] = [[], false]
  urls = useSignedUrls({ getAssetUrl })
})

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

/** Returns a new URL on each call. */
async function getAssetUrl(id: string, name: string): Promise<{ url: string; expires_at: string }> {
  calls.push(`${id}/${name}`)
  if (isFailing) throw new Error('Failed.')
  return { url: `https://assets/${calls.length}`, expires_at: new Date(Date.now() + VALID_MS).toISOString() }
}

function advance(ms: number): void {
  vi.setSystemTime(Date.now() + ms)
}

test('a valid URL is shared, even by callers that request it before it has arrived', async () => {
  const together = await Promise.all([urls.getUrl(REQUEST, 'a.png'), urls.getUrl(REQUEST, 'a.png')])
  advance(VALID_MS - 61_000)

  expect([...together, await urls.getUrl(REQUEST, 'a.png')]).toEqual(Array(3).fill('https://assets/1'))
})

test('a URL is renewed a minute before it expires, and the new one is shared', async () => {
  await urls.getUrl(REQUEST, 'a.png')
  advance(VALID_MS - 59_000)

  expect([await urls.getUrl(REQUEST, 'a.png'), await urls.getUrl(REQUEST, 'a.png')]).toEqual(
    Array(2).fill('https://assets/2'),
  )
})

test('a valid URL is renewed on demand, and the new one is shared', async () => {
  await urls.getUrl(REQUEST, 'a.png')

  expect([await urls.getUrl(REQUEST, 'a.png', { renew: true }), await urls.getUrl(REQUEST, 'a.png')]).toEqual(
    Array(2).fill('https://assets/2'),
  )
})

test('a failure is not cached', async () => {
  isFailing = true
  await expect(urls.getUrl(REQUEST, 'a.png')).rejects.toThrow('Failed.')
  isFailing = false

  expect(await urls.getUrl(REQUEST, 'a.png')).toBe('https://assets/2')
})

test('another name, another request and a retry have URLs of their own', async () => {
  await urls.getUrl(REQUEST, 'a.png')
  await urls.getUrl(REQUEST, 'b.png')
  await urls.getUrl({ ...REQUEST, id: 'r2' }, 'a.png')
  await urls.getUrl({ ...REQUEST, redrive: 1 }, 'a.png')

  expect(calls).toEqual(['r1/a.png', 'r1/b.png', 'r2/a.png', 'r1/a.png'])
})

describe('a download', () => {
  let fetched: string[]
  let saved: string[]

  /** Answers downloads with these statuses in turn; undefined is no answer. */
  function answerWith(...statuses: (number | undefined)[]): void {
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

  test('uses a URL that is already known', async () => {
    answerWith(200)
    await urls.getUrl(REQUEST, 'a.png')
    await urls.download(REQUEST, 'a.png', 'b.png')

    expect(fetched).toEqual(['https://assets/1'])
    expect(saved).toEqual(['b.png'])
  })

  test('uses a new URL if the known one fails', async () => {
    answerWith(403, 200)
    await urls.download(REQUEST, 'a.png', 'b.png')

    expect(fetched).toEqual(['https://assets/1', 'https://assets/2'])
    expect(saved).toEqual(['b.png'])
  })

  test('fails if a new URL fails too', async () => {
    answerWith(403, 404)

    await expect(urls.download(REQUEST, 'a.png', 'b.png')).rejects.toThrow('404')
    expect(saved).toEqual([])
  })

  test('times out after a minute', async () => {
    const controller = new AbortController()
    const timeout = vi.spyOn(AbortSignal, 'timeout').mockReturnValue(controller.signal)
    answerWith(undefined)
    const downloading = urls.download(REQUEST, 'a.png', 'b.png')
    await vi.waitFor(() => expect(fetched).toHaveLength(1))
    controller.abort(new DOMException('Too long.', 'TimeoutError'))

    await expect(downloading).rejects.toThrow('Too long.')
    expect(timeout.mock.calls).toEqual([[60_000]])
    expect(fetched).toHaveLength(1)
  })
})
