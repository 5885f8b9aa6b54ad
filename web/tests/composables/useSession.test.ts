import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

import { deleteApp, type FirebaseApp, initializeApp } from '@firebase/app'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { createUnsignedToken, type Request, type Status, type Submission } from '../../src/client'
import { useNotifications } from '../../src/composables/useNotifications'
import { openSession, type Session } from '../../src/composables/useSession'
import { Intents } from '../../src/storage/intents'
import { type ScriptedFirestore, startScriptedFirestore } from '../client/scriptedFirestore'

const SUBMISSIONS = [1, 2].map((steps) => ({ type: 'diagnostic', input: { steps } }) as Submission)

let firestore: ScriptedFirestore
let api: Server
let app: FirebaseApp
let session: Session
let stored: Map<string, string>
let calls: string[]
let keys: unknown[]
let bodies: string[]
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
  firestore = await startScriptedFirestore()
  ;[calls, keys, bodies] = [[], [], []]
  api = createServer(async (call, response) => {
    calls.push(`${call.method} ${call.url}`)
    keys.push(call.headers['idempotency-key'])
    bodies.push(await text(call))
    const content = answer() as { status: number | Status }
    response.writeHead(typeof content.status === 'number' ? content.status : 200)
    response.end(JSON.stringify(content))
  })
  await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve))
  app = initializeApp({ projectId: 'demo-session' })
  session = await openSession(
    {
      api: `http://127.0.0.1:${(api.address() as AddressInfo).port}`,
      firebase: { projectId: 'demo-session' },
      emulator: { firestore: firestore.address },
    },
    { uid: 'ann', name: 'Ann', app, token: () => Promise.resolve(createUnsignedToken('ann', 'demo-session')) },
    useNotifications(''),
  )
  session.requests.update(request('processing'))
  await vi.waitFor(() => expect(firestore.addedTargets).toHaveLength(2), 4_000)
})

afterEach(async () => {
  await session.close()
  await deleteApp(app)
  await firestore.close()
  api.closeAllConnections()
  api.close()
  vi.unstubAllGlobals()
})

function request(status: Status, redrive = 0): Request {
  const created_at = '2026-01-01T00:00:00Z'
  return {
    id: 'r1',
    type: 'diagnostic',
    status,
    input: {},
    created_at,
    redrive,
    generation: 0,
    attempt: 1,
  } as unknown as Request
}

function messages(): string[] {
  return session.notifications.list.map(({ text }) => text)
}

test('a cancellation made elsewhere shows a notification', () => {
  session.requests.update(request('cancelled'))

  expect(messages()).toEqual(['Cancelled: Diagnostic'])
})

test('a cancellation made here shows no notification, whether its answer or the listener is first', async () => {
  answer = () => {
    session.requests.update(request('cancelled'))
    return request('cancelled')
  }
  await session.cancel(request('processing'))
  session.requests.update(request('queued', 1))
  answer = () => request('cancelled', 1)
  await session.cancel(request('queued', 1))

  expect(calls).toEqual(['POST /requests/r1:cancel', 'POST /requests/r1:cancel'])
  expect(messages()).toEqual([])
})

test('a cancellation and a retry send the redrive that the user saw', async () => {
  answer = () => request('cancelled', 1)
  await session.cancel(request('processing', 1))
  answer = () => request('queued', 2)
  await session.retry(request('cancelled', 1))

  expect(calls).toEqual(['POST /requests/r1:cancel', 'POST /requests/r1:retry'])
  expect(bodies).toEqual(['{"redrive":1}', '{"redrive":1}'])
})

test('a retry without an answer is repeated', async () => {
  const answers = [{ status: 503, title: 'The outcome is unknown' }, request('queued', 1)]
  answer = () => answers.shift()
  await session.retry(request('failed'))

  expect(calls).toEqual(['POST /requests/r1:retry', 'POST /requests/r1:retry'])
  expect(bodies).toEqual(['{"redrive":0}', '{"redrive":0}'])
  expect(messages()).toEqual([])
})

test('a request that completes before its cancellation shows a notification and the refusal', async () => {
  answer = () => {
    session.requests.update(request('completed'))
    return { status: 409, code: 'ended', title: 'It has ended.' }
  }
  await session.cancel(request('processing'))

  expect(messages()).toEqual(['Completed: Diagnostic', 'It has ended.'])
})

test('a cancellation made elsewhere after a retry shows a notification, even if the user cancelled before', async () => {
  answer = () => request('cancelled')
  await session.cancel(request('processing'))
  session.requests.update(request('queued', 1))
  session.requests.update(request('cancelled', 1))

  expect(messages()).toEqual(['Cancelled: Diagnostic'])
})

test('interrupted submissions are resumed until the session closes', async () => {
  const before = new Intents('ann')
  SUBMISSIONS.forEach((submission) => before.begin([submission]))
  answer = () => {
    void session.close()
    return request('queued')
  }
  await session.resumeInterrupted()

  expect(calls).toEqual(['POST /requests'])
})

test.each([401, 403, 429])(
  'the same content keeps its key after a %i, which refuses unread content',
  async (status) => {
    answer = () => ({ status, code: 'refused', title: 'Refused.' })
    await expect(session.submit(SUBMISSIONS)).rejects.toThrow('Refused.')
    answer = () => ({ requests: [] })
    await session.submit(SUBMISSIONS)

    expect(new Set(keys).size).toBe(1)
  },
)

test('the same content gets a new key after the API has read and refused it', async () => {
  answer = () => ({ status: 422, code: 'refused', title: 'Refused.' })
  await expect(session.submit(SUBMISSIONS)).rejects.toThrow('Refused.')
  await expect(session.submit(SUBMISSIONS)).rejects.toThrow('Refused.')

  expect(new Set(keys).size).toBe(2)
})

test.each([
  [429, 'Your request from before the reload got no answer. Submit it again; it will not be created twice.'],
  [422, 'Your request from before the reload was refused. Please submit it again.'],
])('an interrupted submission that gets a %i shows a notification', async (status, message) => {
  new Intents('ann').begin(SUBMISSIONS)
  answer = () => ({ status, code: 'refused', title: 'Refused.' })
  await session.resumeInterrupted()

  expect(messages()).toEqual([message])
})

test('an answer after the session has closed leaves nothing in storage and shows no notification', async () => {
  new Intents('ann').begin(SUBMISSIONS)
  answer = () => {
    void session.close()
    return { requests: [] }
  }
  await session.resumeInterrupted()

  expect([...stored.keys()]).toEqual([])
  expect(messages()).toEqual([])
})

test('a refusal after the session has closed shows no notification', async () => {
  answer = () => {
    void session.close()
    return { status: 409, code: 'ended', title: 'It has ended.' }
  }
  await session.cancel(request('processing'))

  expect(calls).toEqual(['POST /requests/r1:cancel'])
  expect(messages()).toEqual([])
})

test('an erased request leaves the list, and a refused one stays', async () => {
  session.requests.update(request('completed'))
  answer = () => ({ status: 409, code: 'wrong_state', title: 'Cancel it first.' })
  await session.erase(request('completed'))
  expect(session.requests.find('r1')).toBeDefined()
  expect(messages()).toContain('Cancel it first.')

  answer = () => ({ status: 204 })
  await session.erase(request('completed'))

  expect(session.requests.find('r1')).toBeUndefined()
  expect(calls).toEqual(['DELETE /requests/r1', 'DELETE /requests/r1'])
})

test('an export and an erasure are requests in the list, each with a key of its own', async () => {
  answer = () => ({ ...request('queued'), id: `r${calls.length + 1}` })
  await session.requestForAll('export')
  await session.requestForAll('erasure')

  expect(calls).toEqual(['POST /me/exports', 'POST /me/erasure'])
  expect(new Set(keys).size).toBe(2)
  expect(session.requests.find('r2')).toBeDefined()
})
