// Run by tests/e2e/test_documents.py, which brings up the stack.
import { initializeApp } from '@firebase/app'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'

import type { Ask, Request, Status } from '../../src/api'
import { type Client, connect } from '../../src/client'
import { unsignedToken } from '../../src/tokens'

const { API = '', FIRESTORE = '', DATABASE = '', PROJECT = '', PERSON = '' } = process.env
const WITHIN_MS = 20_000
const ASK = { type: 'diagnostic', input: {} } as Ask

let client: Client

beforeAll(async () => {
  vi.stubGlobal('window', new EventTarget())
  vi.stubGlobal('document', Object.assign(new EventTarget(), { hidden: false }))
  vi.stubGlobal('navigator', { onLine: true })
  client = await connect({
    api: API,
    app: initializeApp({ projectId: PROJECT }, 'client'),
    token: () => Promise.resolve(unsignedToken(PERSON, PROJECT)),
    database: DATABASE,
    emulator: FIRESTORE,
  })
})

afterAll(() => client.close())

function ask(more: object = {}): Promise<Request> {
  return client.submit({ ...ASK, ...more }, crypto.randomUUID()).then(({ request }) => request)
}

/** What is told of a request until it ends. */
async function heard(what: string | object, id: () => string | undefined): Promise<Status[]> {
  const statuses: Status[] = []
  const stop = client.watch(what, (requests) => {
    const found = requests.find((each) => each.id === id())
    if (found && found.status !== statuses.at(-1)) statuses.push(found.status)
  })
  await vi.waitFor(() => expect(statuses.at(-1)).toBe('completed'), WITHIN_MS)
  stop()
  return statuses
}

test('what is asked is heard to end, in the list and by itself', async () => {
  const request = await ask()

  expect((await heard({}, () => request.id)).at(-1)).toBe('completed')
  expect((await heard(request.id, () => request.id)).at(-1)).toBe('completed')
})

test('a list by status has what is in that status alone', async () => {
  const request = await ask()
  await heard(request.id, () => request.id)
  await ask({ run_at: new Date(Date.now() + 3_600_000).toISOString() })
  const told: Request[][] = []
  const stop = client.watch({ status: 'completed' }, (requests, confirmed) => confirmed && told.push(requests))
  await vi.waitFor(() => expect(told.length).toBeGreaterThan(0), WITHIN_MS)
  stop()

  expect(told[0]?.map(({ id }) => id)).toContain(request.id)
  expect(new Set(told[0]?.map(({ status }) => status))).toEqual(new Set(['completed']))
})

test('more than the rules allow is asked for as what they allow', async () => {
  const told: boolean[] = []
  const stop = client.watch({ limit: 500 }, (_, confirmed) => told.push(confirmed))

  await vi.waitFor(() => expect(told).toContain(true), WITHIN_MS)
  stop()
})

test('a request that is not there is none', async () => {
  const told: [number, boolean][] = []
  const stop = client.watch('0'.repeat(32), (requests, confirmed) => told.push([requests.length, confirmed]))

  await vi.waitFor(() => expect(told).toEqual([[0, true]]), WITHIN_MS)
  stop()
})

test('who has stopped watching hears no more, while others do', async () => {
  const told: Request[][] = []
  const stop = client.watch({}, (requests, confirmed) => confirmed && told.push(requests))
  await vi.waitFor(() => expect(told.length).toBeGreaterThan(0), WITHIN_MS)
  stop()
  const before = told.length
  const request = await ask()
  await heard({}, () => request.id)

  expect(told).toHaveLength(before)
})
