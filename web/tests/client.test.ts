import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

import { deleteApp, type FirebaseApp, initializeApp } from '@firebase/app'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { type Client, connect, type State, type Watched } from '../src/client'
import { unsignedToken } from '../src/tokens'
import { type Silent, silentFirestore } from './silent'

const PROJECT = 'demo-client'
const FAILED_PRECONDITION = 9

let firestore: Silent
let api: Server
let app: FirebaseApp
let client: Client
/** What the API answers with, and what it was asked for. */
let status: number
let asked: string[]
let token: (fresh: boolean) => Promise<string>
let states: State[]
let seen: [number, boolean][]

beforeEach(async () => {
  vi.stubGlobal('window', new EventTarget())
  vi.stubGlobal('document', Object.assign(new EventTarget(), { hidden: false }))
  vi.stubGlobal('navigator', { onLine: true })
  firestore = await silentFirestore()
  ;[status, asked, states, seen] = [200, [], [], []]
  api = createServer(({ method, url }, answer) => {
    asked.push(`${method} ${url}`)
    answer.writeHead(status, { 'Content-Type': 'application/json' })
    answer.end(JSON.stringify({ status, title: 'No.', code: 'no', requests: [] }))
  })
  await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve))
  app = initializeApp({ projectId: PROJECT })
  token = () => Promise.resolve(unsignedToken('ann', PROJECT))
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] })
  client = await connect({
    api: `http://127.0.0.1:${(api.address() as AddressInfo).port}`,
    app,
    token: (fresh) => token(fresh),
    emulator: firestore.address,
  })
  client.onState((state) => states.push(state))
})

afterEach(async () => {
  await client.close()
  await deleteApp(app)
  await firestore.close()
  api.closeAllConnections()
  api.close()
  vi.useRealTimers()
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

function watch(what: string | Watched = {}): () => void {
  return client.watch(what, (requests, confirmed) => seen.push([requests.length, confirmed]))
}

async function listened(times: number): Promise<void> {
  await vi.waitFor(() => expect(firestore.added).toHaveLength(times))
}

async function become(state: State): Promise<void> {
  await vi.waitFor(() => expect(states.at(-1)).toBe(state))
}

/** Watches the list, and Firestore has told that it is empty. */
async function live(): Promise<() => void> {
  const stop = watch()
  await listened(1)
  firestore.nothing()
  await become('live')
  return stop
}

describe('a list', () => {
  test('that is told is live, and confirmed though it is empty', async () => {
    await live()

    expect(states).toEqual(['connecting', 'live'])
    expect(seen).toEqual([[0, true]])
  })

  test('that is not told within 5 s is reconnecting and asked for anew', async () => {
    watch()
    await listened(1)

    await vi.advanceTimersByTimeAsync(4_000)
    expect(states).toEqual(['connecting'])
    await vi.advanceTimersByTimeAsync(1_000)
    expect(states).toEqual(['connecting', 'reconnecting'])

    await listened(2)
    expect(firestore.removed).toEqual(firestore.added.slice(0, 1))
    firestore.nothing()
    await become('live')
  })

  test('that stays silent is asked for by another stream', async () => {
    watch()
    await listened(1)
    expect(firestore.streams()).toBe(1)

    await vi.advanceTimersByTimeAsync(5_000)
    await vi.advanceTimersByTimeAsync(7_500)

    await vi.waitFor(() => expect(firestore.streams()).toBe(2))
  })

  test('that nobody watches any more is left, and not asked for again', async () => {
    const stop = watch()
    await listened(1)

    stop()
    await vi.waitFor(() => expect(firestore.removed).toEqual(firestore.added))
    await vi.advanceTimersByTimeAsync(20_000)

    expect(firestore.added).toHaveLength(1)
    expect(states).toEqual(['connecting'])
  })
})

describe('a fault of the service', () => {
  beforeEach(() => void vi.spyOn(console, 'error').mockImplementation(() => {}))

  async function broken(): Promise<void> {
    firestore.refuse(FAILED_PRECONDITION, 'The query requires an index.')
    await become('broken')
  }

  test('is told as what it is, with its reason on the console once', async () => {
    watch({ status: 'failed' })
    await listened(1)
    await broken()

    await vi.advanceTimersByTimeAsync(5_000)
    await listened(2)
    firestore.refuse(FAILED_PRECONDITION, 'The query requires an index.')
    await vi.advanceTimersByTimeAsync(15_000)
    await listened(3)

    expect(states).toEqual(['connecting', 'broken'])
    expect(vi.mocked(console.error).mock.calls).toEqual([
      [expect.objectContaining({ message: expect.stringContaining('The query requires an index.') })],
    ])
    expect(firestore.streams()).toBe(1)
  })

  test('ends as soon as the list is told', async () => {
    watch()
    await listened(1)
    await broken()

    await vi.advanceTimersByTimeAsync(5_000)
    await listened(2)
    firestore.nothing()

    await become('live')
  })

  test('ends with the list that it concerns', async () => {
    const stop = watch({ status: 'failed' })
    await listened(1)
    await broken()

    stop()

    expect(states.at(-1)).toBe('connecting')
  })
})
