import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

import { deleteApp, type FirebaseApp, initializeApp } from '@firebase/app'
import { getFirestore, terminate } from '@firebase/firestore'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import {
  type Client,
  connect,
  type ConnectionState,
  createUnsignedToken,
  Problem,
  type RequestQuery,
  type Status,
  Unreachable,
} from '../../src/client'
import { type ScriptedDocument, type ScriptedFirestore, startScriptedFirestore } from './scriptedFirestore'

const PROJECT = 'demo-client'
const SOON_MS = 4_000 // less than the timeout of a listener, enough for a slow machine
const [PERMISSION_DENIED, FAILED_PRECONDITION, UNAUTHENTICATED] = [7, 9, 16]

let firestore: ScriptedFirestore
let api: Server
let app: FirebaseApp
let client: Client
/** The status of every answer of the API. */
let status: number
let calls: string[]
let token: (fresh: boolean) => Promise<string>
let states: ConnectionState[]
/** The number of requests in each snapshot, and whether it was confirmed. */
let snapshots: [number, boolean][]

beforeEach(async () => {
  vi.stubGlobal('window', new EventTarget())
  vi.stubGlobal('document', Object.assign(new EventTarget(), { hidden: false }))
  vi.stubGlobal('navigator', { onLine: true })
  firestore = await startScriptedFirestore()
  ;[status, calls, states, snapshots] = [200, [], [], []]
  api = createServer(({ method, url }, answer) => {
    calls.push(`${method} ${url}`)
    answer.writeHead(status, { 'Content-Type': 'application/json' })
    answer.end(JSON.stringify({ status, title: 'Refused.', code: 'refused', requests: [] }))
  })
  await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve))
  app = initializeApp({ projectId: PROJECT })
  token = () => Promise.resolve(createUnsignedToken('ann', PROJECT))
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

function watch(target: string | RequestQuery = {}): () => void {
  return client.watch(target, (requests, isConfirmed) => snapshots.push([requests.length, isConfirmed]))
}

async function waitForTargets(count: number): Promise<void> {
  await vi.waitFor(() => expect(firestore.addedTargets).toHaveLength(count), SOON_MS)
}

async function waitForState(state: ConnectionState): Promise<void> {
  await vi.waitFor(() => expect(states.at(-1)).toBe(state), SOON_MS)
}

function request(requestStatus: Status, times: Record<string, Date> = {}): ScriptedDocument {
  return ['requests/r1', { tenant: 'u:ann', status: requestStatus, created_at: new Date(), ...times }]
}

/** Ends the SDK's inner client, as the SDK does when its database is deleted. */
async function stopAsAfterDeletion(): Promise<void> {
  const { _firestoreClient: inner } = getFirestore(app) as unknown as {
    _firestoreClient: { terminate(): Promise<void> }
  }
  await inner.terminate()
}

/** Watches a list until Firestore has confirmed that it is empty. */
async function watchLiveList(): Promise<() => void> {
  const stop = watch()
  await waitForTargets(1)
  firestore.sendNoDocuments()
  await waitForState('live')
  return stop
}

describe('a watched list', () => {
  test('is live once its first snapshot is confirmed, even an empty one', async () => {
    await watchLiveList()

    expect(states).toEqual(['connecting', 'live'])
    expect(snapshots).toEqual([[0, true]])
  })

  test('reports reconnecting and subscribes again if no snapshot arrives within 5 s', async () => {
    watch()
    await waitForTargets(1)

    await vi.advanceTimersByTimeAsync(4_000)
    expect(states).toEqual(['connecting'])
    await vi.advanceTimersByTimeAsync(1_000)
    expect(states).toEqual(['connecting', 'reconnecting'])

    await waitForTargets(2)
    expect(firestore.removedTargets).toEqual(firestore.addedTargets.slice(0, 1))
    firestore.sendNoDocuments()
    await waitForState('live')
  })

  test('opens a new stream if the second subscription gets no snapshot either', async () => {
    watch()
    await waitForTargets(1)
    expect(firestore.countStreams()).toBe(1)

    await vi.advanceTimersByTimeAsync(5_000)
    await vi.advanceTimersByTimeAsync(7_500)

    await vi.waitFor(() => expect(firestore.countStreams()).toBe(2), SOON_MS)
  })

  test('is unsubscribed once its listener stops, and not subscribed again', async () => {
    const stop = watch()
    await waitForTargets(1)

    stop()
    await vi.waitFor(() => expect(firestore.removedTargets).toEqual(firestore.addedTargets), SOON_MS)
    await vi.advanceTimersByTimeAsync(20_000)

    expect(firestore.addedTargets).toHaveLength(1)
    expect(states).toEqual(['connecting'])
  })
})

describe('the connection', () => {
  function setHidden(hidden: boolean): void {
    Object.assign(document, { hidden }).dispatchEvent(new Event('visibilitychange'))
  }

  function setOnline(onLine: boolean): void {
    Object.assign(navigator, { onLine })
    window.dispatchEvent(new Event(onLine ? 'online' : 'offline'))
  }

  test('is probed once a page that was hidden for over a minute is shown again, and reconnecting within 5 s', async () => {
    await watchLiveList()

    setHidden(true)
    vi.setSystemTime(Date.now() + 61_000)
    setHidden(false)
    await waitForTargets(2)
    await vi.advanceTimersByTimeAsync(5_000)

    expect(states.at(-1)).toBe('reconnecting')
  })

  test('is not probed after the page was hidden for half a minute', async () => {
    await watchLiveList()

    setHidden(true)
    vi.setSystemTime(Date.now() + 30_000)
    setHidden(false)
    await vi.advanceTimersByTimeAsync(20_000)

    expect(states.at(-1)).toBe('live')
  })

  test('is offline with the browser, and live again only after a confirmed snapshot', async () => {
    await watchLiveList()

    setOnline(false)
    expect(states.at(-1)).toBe('offline')
    setOnline(true)
    await waitForTargets(2)
    expect(states.slice(2)).toEqual(['offline', 'connecting'])

    firestore.sendNoDocuments()
    await waitForState('live')
  })

  test('is reconnecting within 5 s if it is dead although the browser is online', async () => {
    await watchLiveList()

    setOnline(false)
    setOnline(true)
    await waitForTargets(2)
    await vi.advanceTimersByTimeAsync(5_000)

    expect(states.at(-1)).toBe('reconnecting')
  })

  test('is probed with a query of its own, since the SDK answers a watched query from its cache', async () => {
    watch({ limit: 1 })
    await waitForTargets(1)
    firestore.sendNoDocuments()
    await waitForState('live')

    setOnline(false)
    setOnline(true)

    await waitForTargets(2)
  })

  test('is probed 5 s after a call that changes something', async () => {
    await watchLiveList()
    vi.setSystemTime(Date.now() + 1_000)

    await client.submit({ type: 'diagnostic', input: {} }, 'key')
    await vi.advanceTimersByTimeAsync(5_000)

    await waitForTargets(2)
  })

  test('is probed every 30 s while a request is in progress, and reconnecting without an answer', async () => {
    watch()
    await waitForTargets(1)
    firestore.sendDocuments(request('processing'))
    await waitForState('live')

    await vi.advanceTimersByTimeAsync(30_000)
    await waitForTargets(2)
    firestore.sendNoDocuments()
    await vi.waitFor(() => expect(firestore.removedTargets).toEqual(firestore.addedTargets.slice(1)), SOON_MS)
    await vi.advanceTimersByTimeAsync(30_000)
    await waitForTargets(3)
    expect(states).toEqual(['connecting', 'live'])
    await vi.advanceTimersByTimeAsync(5_000)

    expect(states).toEqual(['connecting', 'live', 'reconnecting'])
  })

  test.each([
    ['has ended', request('completed')],
    ['is scheduled for later', request('queued', { scheduled_at: new Date(Date.now() + 3_600_000) })],
  ])('is not probed while the only request %s', async (_, document) => {
    watch()
    await waitForTargets(1)
    firestore.sendDocuments(document)
    await waitForState('live')

    await vi.advanceTimersByTimeAsync(65_000)

    expect(firestore.addedTargets).toHaveLength(1)
  })

  test('is probed once a scheduled request is due', async () => {
    watch()
    await waitForTargets(1)
    firestore.sendDocuments(request('queued', { scheduled_at: new Date(Date.now() + 40_000) }))
    await waitForState('live')

    await vi.advanceTimersByTimeAsync(60_000)

    await waitForTargets(2)
  })

  test.each([
    ['a change', () => client.submit({ type: 'diagnostic', input: {} }, 'key')],
    ['a reconnect', () => client.reconnect()],
    ['a new listener', () => watch({ status: 'failed' })],
  ])('is opened again after %s if the SDK has stopped working, and all listeners get snapshots', async (_, check) => {
    await watchLiveList()
    await terminate(getFirestore(app))

    await check()
    await vi.waitFor(() => expect(firestore.countStreams()).toBe(2), SOON_MS)
    await vi.waitFor(() => expect(firestore.addedTargets.length).toBeGreaterThan(1), SOON_MS)
    firestore.sendNoDocuments()

    await vi.waitFor(() => expect(snapshots.length).toBeGreaterThan(1), SOON_MS)
    expect(states).toEqual(['connecting', 'live'])
  })

  test.each([
    ['a change', () => client.submit({ type: 'diagnostic', input: {} }, 'key')],
    ['30 s', () => vi.advanceTimersByTimeAsync(30_000)],
  ])(
    'is opened again after %s if calls of the SDK never end, as after the deletion of its database',
    async (_, check) => {
      await watchLiveList()
      await stopAsAfterDeletion()

      await check()
      await vi.advanceTimersByTimeAsync(3_000)

      await vi.waitFor(() => expect(firestore.countStreams()).toBeGreaterThan(1), SOON_MS)
    },
  )

  test('is not opened again once the client is closed', async () => {
    await watchLiveList()
    await client.close()

    await client.reconnect()
    await vi.advanceTimersByTimeAsync(40_000)

    expect(firestore.countStreams()).toBe(1)
  })

  test('stays closed if the client closes during a reconnect', async () => {
    const reconnecting = client.reconnect()
    await client.close()

    await expect(reconnecting).resolves.toBeUndefined()
    await expect(client.reconnect()).resolves.toBeUndefined()
  })

  test('closes with the client, and no event opens it again', async () => {
    await watchLiveList()
    watch('r1')
    await waitForTargets(2)

    await client.close()
    await vi.waitFor(() => expect(firestore.countOpenStreams()).toBe(0), SOON_MS)
    setOnline(false)
    setOnline(true)
    setHidden(true)
    vi.setSystemTime(Date.now() + 61_000)
    setHidden(false)
    await vi.advanceTimersByTimeAsync(20_000)

    expect(states).toEqual(['connecting', 'live'])
    expect(firestore.addedTargets).toHaveLength(2)
  })
})

describe('a refused user', () => {
  async function refuseTwice(): Promise<void> {
    firestore.refuse(PERMISSION_DENIED, 'Refused.')
    await waitForTargets(2)
    firestore.refuse(PERMISSION_DENIED, 'Refused.')
  }

  test('gets the list with a fresh token if the old one has expired', async () => {
    const fresh = vi.fn(token)
    token = fresh
    watch()
    await waitForTargets(1)

    firestore.refuse(UNAUTHENTICATED, 'Expired.')
    await waitForTargets(2)
    firestore.sendNoDocuments()
    await waitForState('live')

    expect(fresh.mock.calls).toEqual([[true]])
    expect(states).toEqual(['connecting', 'live'])
  })

  test('has no access if a fresh token is refused too, until a reconnect succeeds', async () => {
    watch()
    await waitForTargets(1)
    await refuseTwice()
    await waitForState('revoked')
    await vi.advanceTimersByTimeAsync(20_000)
    expect(firestore.addedTargets).toHaveLength(2)

    await client.reconnect()
    await vi.waitFor(() => expect(firestore.addedTargets.length).toBeGreaterThan(2), SOON_MS)
    firestore.sendNoDocuments()

    await waitForState('live')
  })

  test('gets the list again as soon as another listener succeeds', async () => {
    watch()
    await waitForTargets(1)
    await refuseTwice()
    await waitForState('revoked')

    const stop = watch({ status: 'failed' })
    await waitForTargets(3)
    firestore.sendNoDocuments()
    await waitForTargets(4)
    firestore.sendNoDocuments()
    stop()

    await waitForState('live')
    expect(snapshots).toHaveLength(2)
  })

  test('is signed out without a token, until a listener succeeds', async () => {
    token = () => Promise.reject(new Error('The user is signed out.'))
    watch()
    await waitForTargets(1)
    firestore.refuse(PERMISSION_DENIED, 'Refused.')
    await waitForState('signed-out')

    await waitForTargets(2)
    firestore.sendNoDocuments()

    await waitForState('live')
  })

  test('is signed out rather than without access if token and list are both refused', async () => {
    const signedOut = vi.fn(() => Promise.reject(new Error('The user is signed out.')))
    token = signedOut
    watch()
    await waitForTargets(1)
    await refuseTwice()
    await vi.waitFor(() => expect(signedOut).toHaveBeenCalledTimes(2))
    await vi.advanceTimersByTimeAsync(0)

    expect(states).toEqual(['connecting', 'signed-out'])
  })

  test('is neither signed out nor without access while there is no network for a token', async () => {
    const unreachable = vi.fn(() => Promise.reject(new Unreachable()))
    token = unreachable
    watch()
    for (const [times, ms] of [5_000, 7_500].entries()) {
      await waitForTargets(times + 1)
      firestore.refuse(PERMISSION_DENIED, 'Refused.')
      await vi.waitFor(() => expect(unreachable).toHaveBeenCalledTimes(times + 1), SOON_MS)
      await vi.advanceTimersByTimeAsync(ms)
    }
    await waitForTargets(3)

    expect(states).toEqual(['connecting', 'reconnecting'])
    firestore.sendNoDocuments()
    await waitForState('live')
  })

  test.each([
    [401, 'signed-out'],
    [403, 'revoked'],
  ] as const)(
    'is, after a call with status %i, %s until a call succeeds, even if a listener does',
    async (refusal, state) => {
      watch()
      await waitForTargets(1)
      status = refusal
      await expect(client.list()).rejects.toThrow(Problem)
      expect(states.at(-1)).toBe(state)

      firestore.sendNoDocuments()
      await vi.waitFor(() => expect(snapshots).toHaveLength(1), SOON_MS)
      expect(states.at(-1)).toBe(state)

      status = 200
      await client.list()
      expect(states.at(-1)).toBe('live')
    },
  )
})

describe('a single watched request', () => {
  test('is reported as missing once it is deleted, and not subscribed again', async () => {
    watch('r1')
    await waitForTargets(1)
    status = 404

    firestore.refuse(PERMISSION_DENIED, 'Refused.')
    await vi.waitFor(() => expect(snapshots).toEqual([[0, true]]), SOON_MS)
    await vi.advanceTimersByTimeAsync(20_000)

    expect(calls).toEqual(['GET /requests/r1'])
    expect(firestore.addedTargets).toHaveLength(1)
    expect(states).toEqual(['connecting', 'live'])
  })

  test('is not reported as missing if the listener is refused and the API still has it', async () => {
    watch('r1')
    await waitForTargets(1)

    firestore.refuse(PERMISSION_DENIED, 'Refused.')
    await waitForTargets(2)

    expect(snapshots).toEqual([])
  })
})

describe('an error of the service', () => {
  beforeEach(() => void vi.spyOn(console, 'error').mockImplementation(() => {}))

  async function breakList(): Promise<void> {
    firestore.refuse(FAILED_PRECONDITION, 'The query requires an index.')
    await waitForState('broken')
  }

  test('is reported as broken, and logged once', async () => {
    watch({ status: 'failed' })
    await waitForTargets(1)
    await breakList()

    await vi.advanceTimersByTimeAsync(5_000)
    await waitForTargets(2)
    firestore.refuse(FAILED_PRECONDITION, 'The query requires an index.')
    await vi.advanceTimersByTimeAsync(15_000)
    await waitForTargets(3)

    expect(states).toEqual(['connecting', 'broken'])
    expect(vi.mocked(console.error).mock.calls).toEqual([
      [expect.objectContaining({ message: expect.stringContaining('The query requires an index.') })],
    ])
    expect(firestore.countStreams()).toBe(1)
  })

  test('ends with the next confirmed snapshot', async () => {
    watch()
    await waitForTargets(1)
    await breakList()

    await vi.advanceTimersByTimeAsync(5_000)
    await waitForTargets(2)
    firestore.sendNoDocuments()

    await waitForState('live')
  })

  test('turns into reconnecting if the next subscription gets no answer', async () => {
    watch()
    await waitForTargets(1)
    await breakList()

    await vi.advanceTimersByTimeAsync(5_000)
    await waitForTargets(2)
    expect(states.at(-1)).toBe('broken')
    await vi.advanceTimersByTimeAsync(7_500)

    expect(states.at(-1)).toBe('reconnecting')
  })

  test('ends once the broken list is no longer watched', async () => {
    const stop = watch({ status: 'failed' })
    await waitForTargets(1)
    await breakList()

    stop()

    expect(states.at(-1)).toBe('connecting')
  })
})
