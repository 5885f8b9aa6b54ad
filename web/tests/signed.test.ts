import { afterEach, beforeEach, expect, test, vi } from 'vitest'

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
