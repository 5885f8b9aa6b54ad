// tests/e2e/test_client.py starts the stack and runs this.
import { initializeApp } from '@firebase/app'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'

import {
  type Client,
  connect,
  createUnsignedToken,
  type Request,
  type RequestQuery,
  type Status,
  type Submission,
} from '../../src/client'

const { API = '', FIRESTORE = '', DATABASE = '', PROJECT = '', USER_ID = '' } = process.env
const TIMEOUT_MS = 20_000
const SUBMISSION = { type: 'diagnostic', input: {} } as Submission

let client: Client

beforeAll(async () => {
  vi.stubGlobal('window', new EventTarget())
  vi.stubGlobal('document', Object.assign(new EventTarget(), { hidden: false }))
  vi.stubGlobal('navigator', { onLine: true })
  client = await connect({
    api: API,
    app: initializeApp({ projectId: PROJECT }, 'client'),
    token: () => Promise.resolve(createUnsignedToken(USER_ID, PROJECT)),
    database: DATABASE,
    emulator: FIRESTORE,
  })
})

afterAll(() => client.close())

function submit(more: object = {}): Promise<Request> {
  return client.submit({ ...SUBMISSION, ...more }, crypto.randomUUID()).then(({ request }) => request)
}

/** The statuses of the request that a listener reports until the request completes. */
async function collectStatuses(target: string | RequestQuery, id: string): Promise<Status[]> {
  const statuses: Status[] = []
  const stop = client.watch(target, (requests) => {
    const found = requests.find((each) => each.id === id)
    if (found && found.status !== statuses.at(-1)) statuses.push(found.status)
  })
  await vi.waitFor(() => expect(statuses.at(-1)).toBe('completed'), TIMEOUT_MS)
  stop()
  return statuses
}

test('a submitted request completes, in the list and on its own', async () => {
  const request = await submit()

  expect((await collectStatuses({}, request.id)).at(-1)).toBe('completed')
  expect((await collectStatuses(request.id, request.id)).at(-1)).toBe('completed')
})

test('a list by status has only requests with that status', async () => {
  const request = await submit()
  await collectStatuses(request.id, request.id)
  await submit({ run_at: new Date(Date.now() + 3_600_000).toISOString() })
  const snapshots: Request[][] = []
  const stop = client.watch({ status: 'completed' }, (requests, isConfirmed) => isConfirmed && snapshots.push(requests))
  await vi.waitFor(() => expect(snapshots.length).toBeGreaterThan(0), TIMEOUT_MS)
  stop()

  expect(snapshots[0]?.map(({ id }) => id)).toContain(request.id)
  expect(new Set(snapshots[0]?.map(({ status }) => status))).toEqual(new Set(['completed']))
})

test('a limit above the maximum of the rules is reduced to the maximum', async () => {
  const confirmed: boolean[] = []
  const stop = client.watch({ limit: 500 }, (_, isConfirmed) => confirmed.push(isConfirmed))

  await vi.waitFor(() => expect(confirmed).toContain(true), TIMEOUT_MS)
  stop()
})

test('a request that does not exist is reported as missing', async () => {
  const snapshots: [number, boolean][] = []
  const stop = client.watch('0'.repeat(32), (requests, isConfirmed) => snapshots.push([requests.length, isConfirmed]))

  await vi.waitFor(() => expect(snapshots).toEqual([[0, true]]), TIMEOUT_MS)
  stop()
})

test('a stopped listener gets no more snapshots, while others do', async () => {
  const snapshots: Request[][] = []
  const stop = client.watch({}, (requests, isConfirmed) => isConfirmed && snapshots.push(requests))
  await vi.waitFor(() => expect(snapshots.length).toBeGreaterThan(0), TIMEOUT_MS)
  stop()
  const before = snapshots.length
  const request = await submit()
  await collectStatuses({}, request.id)

  expect(snapshots).toHaveLength(before)
})

test('a repeated cancel or retry changes nothing that came later', async () => {
  const request = await submit({ run_at: new Date(Date.now() + 3_600_000).toISOString() })

  const cancelled = await client.cancel(request)
  const [retried, repeated] = await Promise.all([client.retry(cancelled), client.retry(cancelled)])

  expect([cancelled.status, retried.redrive, repeated.redrive]).toEqual(['cancelled', 1, 1])
  expect((await client.retry(cancelled)).redrive).toBe(1)
  await expect(client.cancel(request)).rejects.toThrow('has been retried meanwhile')
})
