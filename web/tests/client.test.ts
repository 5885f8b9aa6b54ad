import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

import { deleteApp, type FirebaseApp, initializeApp } from '@firebase/app'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import type { Status } from '../src/api'
import { type Client, connect, Problem, type State, Unreachable, type Watched } from '../src/client'
import { unsignedToken } from '../src/tokens'
import { type Silent, silentFirestore } from './silent'

const PROJECT = 'demo-client'
const SOON_MS = 4_000 // before a watchdog moves, on a slow machine too
const [PERMISSION_DENIED, FAILED_PRECONDITION, UNAUTHENTICATED] = [7, 9, 16]

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
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] })
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
  await vi.waitFor(() => expect(firestore.added).toHaveLength(times), SOON_MS)
}

async function become(state: State): Promise<void> {
  await vi.waitFor(() => expect(states.at(-1)).toBe(state), SOON_MS)
}

function request(status: Status, more: Record<string, Date> = {}): [string, Record<string, string | Date>] {
  return ['requests/r1', { tenant: 'u:ann', status, created_at: new Date(), ...more }]
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

    await vi.waitFor(() => expect(firestore.streams()).toBe(2), SOON_MS)
  })

  test('that nobody watches any more is left, and not asked for again', async () => {
    const stop = watch()
    await listened(1)

    stop()
    await vi.waitFor(() => expect(firestore.removed).toEqual(firestore.added), SOON_MS)
    await vi.advanceTimersByTimeAsync(20_000)

    expect(firestore.added).toHaveLength(1)
    expect(states).toEqual(['connecting'])
  })
})

describe('a connection', () => {
  function turn(hidden: boolean): void {
    Object.assign(document, { hidden }).dispatchEvent(new Event('visibilitychange'))
  }

  function network(onLine: boolean): void {
    Object.assign(navigator, { onLine })
    window.dispatchEvent(new Event(onLine ? 'online' : 'offline'))
  }

  test('that died while nobody looked for a minute is told within 5 s of looking', async () => {
    await live()

    turn(true)
    vi.setSystemTime(Date.now() + 61_000)
    turn(false)
    await listened(2)
    await vi.advanceTimersByTimeAsync(5_000)

    expect(states.at(-1)).toBe('reconnecting')
  })

  test('is left alone by a glance elsewhere', async () => {
    await live()

    turn(true)
    vi.setSystemTime(Date.now() + 30_000)
    turn(false)
    await vi.advanceTimersByTimeAsync(20_000)

    expect(states.at(-1)).toBe('live')
  })

  test('is offline when the browser says so, and live again only once it has proved itself', async () => {
    await live()

    network(false)
    expect(states.at(-1)).toBe('offline')
    network(true)
    await listened(2)
    expect(states.slice(2)).toEqual(['offline', 'connecting'])

    firestore.nothing()
    await become('live')
  })

  test('that is dead though the browser is online again is told within 5 s', async () => {
    await live()

    network(false)
    network(true)
    await listened(2)
    await vi.advanceTimersByTimeAsync(5_000)

    expect(states.at(-1)).toBe('reconnecting')
  })

  test('is asked what nobody watches, for the SDK answers by itself what somebody does', async () => {
    watch({ limit: 1 })
    await listened(1)
    firestore.nothing()
    await become('live')

    network(false)
    network(true)

    await listened(2)
  })

  test('that does not tell what a call has changed is asked anew after 5 s', async () => {
    await live()
    vi.setSystemTime(Date.now() + 1_000)

    await client.submit({ type: 'diagnostic', input: {} }, 'key')
    await vi.advanceTimersByTimeAsync(5_000)

    await listened(2)
  })

  test('is asked every 30 s while something moves, and dead if it does not answer', async () => {
    watch()
    await listened(1)
    firestore.tell(request('processing'))
    await become('live')

    await vi.advanceTimersByTimeAsync(30_000)
    await listened(2)
    firestore.nothing()
    await vi.waitFor(() => expect(firestore.removed).toEqual(firestore.added.slice(1)), SOON_MS)
    await vi.advanceTimersByTimeAsync(30_000)
    await listened(3)
    expect(states).toEqual(['connecting', 'live'])
    await vi.advanceTimersByTimeAsync(5_000)

    expect(states).toEqual(['connecting', 'live', 'reconnecting'])
  })

  test.each([
    ['has ended', request('completed')],
    ['is put off', request('queued', { scheduled_at: new Date(Date.now() + 3_600_000) })],
  ])('is left alone while all there is %s', async (_, told) => {
    watch()
    await listened(1)
    firestore.tell(told)
    await become('live')

    await vi.advanceTimersByTimeAsync(65_000)

    expect(firestore.added).toHaveLength(1)
  })

  test('is asked once what was put off is due', async () => {
    watch()
    await listened(1)
    firestore.tell(request('queued', { scheduled_at: new Date(Date.now() + 40_000) }))
    await become('live')

    await vi.advanceTimersByTimeAsync(60_000)

    await listened(2)
  })

  test('ends with the client while it is dialled again, and is not dialled after that', async () => {
    const dialled = client.reconnect()
    await client.close()

    await expect(dialled).resolves.toBeUndefined()
    await expect(client.reconnect()).resolves.toBeUndefined()
  })

  test('ends with the client, and nothing begins it again', async () => {
    await live()
    watch('r1')
    await listened(2)

    await client.close()
    await vi.waitFor(() => expect(firestore.open()).toBe(0), SOON_MS)
    network(false)
    network(true)
    turn(true)
    vi.setSystemTime(Date.now() + 61_000)
    turn(false)
    await vi.advanceTimersByTimeAsync(20_000)

    expect(states).toEqual(['connecting', 'live'])
    expect(firestore.added).toHaveLength(2)
  })
})

describe('who is refused', () => {
  async function refusedTwice(): Promise<void> {
    firestore.refuse(PERMISSION_DENIED, 'No.')
    await listened(2)
    firestore.refuse(PERMISSION_DENIED, 'No.')
  }

  test('the list is heard with a fresh token, as the old one may have expired', async () => {
    const fresh = vi.fn(token)
    token = fresh
    watch()
    await listened(1)

    firestore.refuse(UNAUTHENTICATED, 'Expired.')
    await listened(2)
    firestore.nothing()
    await become('live')

    expect(fresh.mock.calls).toEqual([[true]])
    expect(states).toEqual(['connecting', 'live'])
  })

  test('the list with a fresh token too has no access, until they try again and are let in', async () => {
    watch()
    await listened(1)
    await refusedTwice()
    await become('revoked')
    await vi.advanceTimersByTimeAsync(20_000)
    expect(firestore.added).toHaveLength(2)

    await client.reconnect()
    await vi.waitFor(() => expect(firestore.added.length).toBeGreaterThan(2), SOON_MS)
    firestore.nothing()

    await become('live')
  })

  test('the list asks for it again once anything lets them in', async () => {
    watch()
    await listened(1)
    await refusedTwice()
    await become('revoked')

    const stop = watch({ status: 'failed' })
    await listened(3)
    firestore.nothing()
    await listened(4)
    firestore.nothing()
    stop()

    await become('live')
    expect(seen).toHaveLength(2)
  })

  test('the list and a token is signed out, until a listener lets them in', async () => {
    token = () => Promise.reject(new Error('Nobody is there.'))
    watch()
    await listened(1)
    firestore.refuse(PERMISSION_DENIED, 'No.')
    await become('signed-out')

    await listened(2)
    firestore.nothing()

    await become('live')
  })

  test('the list twice and a token is signed out and not without access', async () => {
    const nobody = vi.fn(() => Promise.reject(new Error('Nobody is there.')))
    token = nobody
    watch()
    await listened(1)
    await refusedTwice()
    await vi.waitFor(() => expect(nobody).toHaveBeenCalledTimes(2))
    await vi.advanceTimersByTimeAsync(0)

    expect(states).toEqual(['connecting', 'signed-out'])
  })

  test('the list and has no network for a token is neither signed out nor without access, however often', async () => {
    const unreachable = vi.fn(() => Promise.reject(new Unreachable()))
    token = unreachable
    watch()
    for (const [times, ms] of [5_000, 7_500].entries()) {
      await listened(times + 1)
      firestore.refuse(PERMISSION_DENIED, 'No.')
      await vi.waitFor(() => expect(unreachable).toHaveBeenCalledTimes(times + 1), SOON_MS)
      await vi.advanceTimersByTimeAsync(ms)
    }
    await listened(3)

    expect(states).toEqual(['connecting', 'reconnecting'])
    firestore.nothing()
    await become('live')
  })

  test.each([
    [401, 'signed-out'],
    [403, 'revoked'],
  ] as const)('a call with %i is %s until a call is answered, whatever listeners hear', async (refusal, state) => {
    watch()
    await listened(1)
    status = refusal
    await expect(client.page()).rejects.toThrow(Problem)
    expect(states.at(-1)).toBe(state)

    firestore.nothing()
    await vi.waitFor(() => expect(seen).toHaveLength(1), SOON_MS)
    expect(states.at(-1)).toBe(state)

    status = 200
    await client.page()
    expect(states.at(-1)).toBe('live')
  })
})

describe('one request', () => {
  test('that is gone is none, and is not asked for again', async () => {
    watch('r1')
    await listened(1)
    status = 404

    firestore.refuse(PERMISSION_DENIED, 'No.')
    await vi.waitFor(() => expect(seen).toEqual([[0, true]]), SOON_MS)
    await vi.advanceTimersByTimeAsync(20_000)

    expect(asked).toEqual(['GET /requests/r1'])
    expect(firestore.added).toHaveLength(1)
    expect(states).toEqual(['connecting', 'live'])
  })

  test('that is refused and still there is not taken for gone', async () => {
    watch('r1')
    await listened(1)

    firestore.refuse(PERMISSION_DENIED, 'No.')
    await listened(2)

    expect(seen).toEqual([])
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

  test('is not blamed for the silence after it', async () => {
    watch()
    await listened(1)
    await broken()

    await vi.advanceTimersByTimeAsync(5_000)
    await listened(2)
    expect(states.at(-1)).toBe('broken')
    await vi.advanceTimersByTimeAsync(7_500)

    expect(states.at(-1)).toBe('reconnecting')
  })

  test('ends with the list that it concerns', async () => {
    const stop = watch({ status: 'failed' })
    await listened(1)
    await broken()

    stop()

    expect(states.at(-1)).toBe('connecting')
  })
})
