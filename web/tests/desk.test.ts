import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

import { deleteApp, type FirebaseApp, initializeApp } from '@firebase/app'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import type { Ask, Request, Status } from '../src/api'
import { type Desk, openDesk } from '../src/desk'
import { Intents } from '../src/intents'
import { notices } from '../src/notices'
import { unsignedToken } from '../src/tokens'
import { type Silent, silentFirestore } from './silent'

const ASKS = [1, 2].map((steps) => ({ type: 'diagnostic', input: { steps } }) as Ask)

let firestore: Silent
let api: Server
let app: FirebaseApp
let desk: Desk
let stored: Map<string, string>
let asked: string[]
let keys: unknown[]
let answer: () => unknown

beforeEach(async () => {
  stored = new Map()
  vi.stubGlobal('window', new EventTarget())
  vi.stubGlobal('document', Object.assign(new EventTarget(), { hidden: false, title: '' }))
  vi.stubGlobal('navigator', { onLine: true })
  vi.stubGlobal('sessionStorage', {
    getItem: (name: string) => stored.get(name) ?? null,
    setItem: stored.set.bind(stored),
    removeItem: stored.delete.bind(stored),
  })
  firestore = await silentFirestore()
  ;[asked, keys] = [[], []]
  api = createServer(({ method, url, headers }, response) => {
    asked.push(`${method} ${url}`)
    keys.push(headers['idempotency-key'])
    const content = answer() as { status: number | Status }
    response.writeHead(typeof content.status === 'number' ? content.status : 200)
    response.end(JSON.stringify(content))
  })
  await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve))
  app = initializeApp({ projectId: 'demo-desk' })
  desk = await openDesk(
    {
      api: `http://127.0.0.1:${(api.address() as AddressInfo).port}`,
      firebase: { projectId: 'demo-desk' },
      emulator: { firestore: firestore.address },
    },
    { uid: 'ann', name: 'Ann', app, token: () => Promise.resolve(unsignedToken('ann', 'demo-desk')) },
    notices(''),
  )
  desk.requests.learn(request('processing'))
  await vi.waitFor(() => expect(firestore.added).toHaveLength(2), 4_000)
})

afterEach(async () => {
  await desk.close()
  await deleteApp(app)
  await firestore.close()
  api.closeAllConnections()
  api.close()
  vi.unstubAllGlobals()
})

function request(status: Status, redrive = 0): Request {
  const created_at = '2026-01-01T00:00:00Z'
  return { id: 'r1', type: 'diagnostic', status, input: {}, created_at, redrive, generation: 0, attempt: 1 } as unknown as Request
}

function told(): string[] {
  return desk.notices.list.map(({ text }) => text)
}

test('a cancellation made elsewhere is told', () => {
  desk.requests.learn(request('cancelled'))

  expect(told()).toEqual(['Cancelled: Diagnostic'])
})

test('a cancellation made here is not told, whether its answer or the listener comes first', async () => {
  answer = () => {
    desk.requests.learn(request('cancelled'))
    return request('cancelled')
  }
  await desk.cancel('r1')
  desk.requests.learn(request('queued', 1))
  answer = () => request('cancelled', 1)
  await desk.cancel('r1')

  expect(asked).toEqual(['POST /requests/r1:cancel', 'POST /requests/r1:cancel'])
  expect(told()).toEqual([])
})

test('what was too late to be cancelled is told to be ready', async () => {
  answer = () => {
    desk.requests.learn(request('completed'))
    return { status: 409, code: 'ended', title: 'It has ended.' }
  }
  await desk.cancel('r1')

  expect(told()).toEqual(['Ready: Diagnostic', 'It has ended.'])
})

test('what a colleague cancels after a retry is told, though it was cancelled here before', async () => {
  answer = () => request('cancelled')
  await desk.cancel('r1')
  desk.requests.learn(request('queued', 1))
  desk.requests.learn(request('cancelled', 1))

  expect(told()).toEqual(['Cancelled: Diagnostic'])
})

test('what a reload has interrupted is asked for, but no more once the desk is closed', async () => {
  const before = new Intents(sessionStorage, 'ann')
  ASKS.forEach((ask) => before.begin([ask]))
  answer = () => {
    void desk.close()
    return request('queued')
  }
  await desk.finishAsking()

  expect(asked).toEqual(['POST /requests'])
})

test.each([401, 403, 429])('what %i kept from being looked at is the same when asked again', async (status) => {
  answer = () => ({ status, code: 'no', title: 'No.' })
  await expect(desk.ask(ASKS)).rejects.toThrow('No.')
  answer = () => ({ requests: [] })
  await desk.ask(ASKS)

  expect(new Set(keys).size).toBe(1)
})

test('what was looked at and refused is another when it is asked again', async () => {
  answer = () => ({ status: 422, code: 'no', title: 'No.' })
  await expect(desk.ask(ASKS)).rejects.toThrow('No.')
  await expect(desk.ask(ASKS)).rejects.toThrow('No.')

  expect(new Set(keys).size).toBe(2)
})

test.each([
  [429, 'What you had asked before the reload was not answered. Ask for it again: it is asked only once.'],
  [422, 'What you had asked before the reload was refused. Please ask again.'],
])('what a reload has interrupted is told as what it is after a %i', async (status, words) => {
  new Intents(sessionStorage, 'ann').begin(ASKS)
  answer = () => ({ status, code: 'no', title: 'No.' })
  await desk.finishAsking()

  expect(told()).toEqual([words])
})

test('what is answered after the desk was closed is not kept, nor told to who comes next', async () => {
  new Intents(sessionStorage, 'ann').begin(ASKS)
  answer = () => {
    void desk.close()
    return { requests: [] }
  }
  await desk.finishAsking()

  expect([...stored.keys()]).toEqual([])
  expect(told()).toEqual([])
})

test('what could not be done is not told to who comes next', async () => {
  answer = () => {
    void desk.close()
    return { status: 409, code: 'ended', title: 'It has ended.' }
  }
  await desk.cancel('r1')

  expect(asked).toEqual(['POST /requests/r1:cancel'])
  expect(told()).toEqual([])
})
