import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { type CallOptions, HttpClient, Problem, type TokenSource, Unreachable } from '../../src/client/http'

interface ScriptedAnswer {
  status?: number
  headers?: Record<string, string>
  body?: string
  /** The connection closes without an answer. */
  isDropped?: true
}

const OVERLOADED: ScriptedAnswer = { status: 503, body: '{"status": 503, "title": "Busy.", "code": "busy"}' }
const NOT_SIGNED_IN: ScriptedAnswer = {
  status: 401,
  body: '{"status": 401, "title": "Sign in.", "code": "not_signed_in"}',
}

let server: Server
let address: string
/** One for each call. The last one repeats. */
let answers: ScriptedAnswer[]
let received: { call: string; headers: IncomingHttpHeaders; body: string }[]
let token: TokenSource
/** Whether each token was requested as a fresh one. */
let tokens: boolean[]
let pauses: number[]

beforeEach(async () => {
  ;[answers, received, tokens] = [[{}], [], []]
  token = (fresh) => {
    tokens.push(fresh)
    return Promise.resolve(fresh ? 'fresh' : 'cached')
  }
  server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    received.push({ call: `${request.method} ${request.url}`, headers: request.headers, body })
    const answer = answers.length > 1 ? answers.shift()! : answers[0]!
    if (answer.isDropped) return void request.socket.destroy()
    response.writeHead(answer.status ?? 200, answer.headers)
    response.end(answer.body ?? '{"ok": true}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  pauses = []
  vi.stubGlobal('setTimeout', skipPauses)
})

afterEach(() => {
  vi.unstubAllGlobals()
  server.closeAllConnections()
  server.close()
})

const originalSetTimeout = setTimeout

/** Records pauses and skips them. The runtime's fetch sets timeouts too, but passes arguments with them. */
function skipPauses(callback: (...args: unknown[]) => void, ms: number, ...args: unknown[]): unknown {
  const isPause = !args.length && ms >= 800
  if (isPause) pauses.push(ms)
  return originalSetTimeout(callback, isPause ? 0 : ms, ...args)
}

function call(options?: CallOptions): Promise<unknown> {
  return new HttpClient(address, token).call('/requests', options)
}

/** The error that the call throws. */
function failingCall(options?: CallOptions): Promise<unknown> {
  return call(options).catch((error: unknown) => error)
}

function problem(code: string): unknown {
  return expect.objectContaining({ constructor: Problem, code })
}

describe('a call', () => {
  test('sends token, content and key, and returns the content', async () => {
    const answer = await call({ method: 'POST', body: { a: 1 }, key: 'k1' })

    expect(answer).toEqual({ content: { ok: true }, replayed: false })
    expect(received).toMatchObject([
      {
        call: 'POST /requests',
        headers: { authorization: 'Bearer cached', 'content-type': 'application/json', 'idempotency-key': 'k1' },
        body: '{"a":1}',
      },
    ])
  })

  test('reports a replayed answer', async () => {
    answers = [{ headers: { 'Idempotency-Replayed': 'true' } }]

    expect(await call()).toMatchObject({ replayed: true })
  })

  test('needs no signed-in user if it is public', async () => {
    token = () => Promise.reject(new Error('The user is signed out.'))
    await call({ public: true })

    expect(received[0]?.headers.authorization).toBeUndefined()
  })
})

describe('an idempotent call', () => {
  test('is sent three times at most, with growing pauses', async () => {
    answers = [OVERLOADED]

    expect(await failingCall({ idempotent: true })).toEqual(problem('busy'))
    expect(received).toHaveLength(3)
    expect(pauses).toEqual([800, 1_600])
  })

  test('is sent again with the same key and content until it is answered', async () => {
    answers = [OVERLOADED, { isDropped: true }, {}]
    await call({ method: 'POST', body: { a: 1 }, key: 'k1', idempotent: true })

    expect(received.map(({ headers, body }) => [headers['idempotency-key'], body])).toEqual(
      Array(3).fill(['k1', '{"a":1}']),
    )
  })

  test('waits as long as the service demands, up to 8 s', async () => {
    answers = [
      { ...OVERLOADED, headers: { 'Retry-After': '3' } },
      { ...OVERLOADED, headers: { 'Retry-After': '120' } },
      {},
    ]
    await call({ idempotent: true })

    expect(pauses).toEqual([3_000, 8_000])
  })

  test('is sent once if the service refuses it', async () => {
    answers = [{ status: 422, body: '{"status": 422, "title": "Refused.", "code": "not_valid"}' }]

    expect(await failingCall({ idempotent: true })).toEqual(problem('not_valid'))
    expect(received).toHaveLength(1)
  })

  test('is sent again if the answer is cut off', async () => {
    answers = [{ body: '{"ok": tr' }, {}]

    expect(await call({ idempotent: true })).toEqual({ content: { ok: true }, replayed: false })
  })
})

describe('a call that is not idempotent', () => {
  test.each([
    ['an overload', OVERLOADED, problem('busy')],
    ['a dropped connection', { isDropped: true } as ScriptedAnswer, expect.any(Unreachable)],
  ])('is sent once, even after %s', async (_, answer, thrown) => {
    answers = [answer]

    expect(await failingCall({ method: 'POST' })).toEqual(thrown)
    expect(received).toHaveLength(1)
  })
})

describe('a token', () => {
  test('is replaced by a fresh one if it is refused', async () => {
    answers = [NOT_SIGNED_IN, {}]
    await call()

    expect(received.map(({ headers }) => headers.authorization)).toEqual(['Bearer cached', 'Bearer fresh'])
  })

  test('is replaced once only', async () => {
    answers = [NOT_SIGNED_IN]

    expect(await failingCall({ idempotent: true })).toEqual(problem('not_signed_in'))
    expect(tokens).toEqual([false, true])
    expect(received).toHaveLength(2)
  })

  test('that cannot be issued is an expired session', async () => {
    token = () => Promise.reject(new Error('auth/user-token-expired'))

    expect(await failingCall({ idempotent: true })).toEqual(
      expect.objectContaining({ constructor: Problem, status: 401 }),
    )
    expect(received).toEqual([])
  })

  test('that cannot be fetched without a network counts as no answer, and is requested again', async () => {
    const unreachable = vi.fn(() => Promise.reject(new Unreachable()))
    token = unreachable

    expect(await failingCall({ idempotent: true })).toBeInstanceOf(Unreachable)
    expect(unreachable).toHaveBeenCalledTimes(3)
  })
})

describe('a problem', () => {
  test('has the message and the field errors of the service', async () => {
    const errors = [{ pointer: '/input', detail: 'is odd' }]
    const body = { status: 422, title: 'Not valid.', detail: 'This is not valid.', code: 'not_valid', errors }
    answers = [{ status: 422, body: JSON.stringify(body) }]

    expect(await failingCall()).toMatchObject({
      status: 422,
      code: 'not_valid',
      message: 'This is not valid.',
      fieldErrors: errors,
    })
  })

  test('of a proxy in front of the service has its status', async () => {
    answers = [{ status: 502, body: '<h1>Bad gateway</h1>' }]

    expect(await failingCall()).toMatchObject({
      status: 502,
      code: 'unknown',
      message: 'The service returned status 502.',
    })
  })
})
