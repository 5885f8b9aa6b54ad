import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { type Call, http, Problem, type Token, Unreachable } from '../src/http'

interface Answer {
  status?: number
  headers?: Record<string, string>
  body?: string
  /** The connection ends without an answer. */
  broken?: true
}

const OVERLOADED: Answer = { status: 503, body: '{"status": 503, "title": "Busy.", "code": "busy"}' }
const NOT_SIGNED_IN: Answer = { status: 401, body: '{"status": 401, "title": "Sign in.", "code": "not_signed_in"}' }

let server: Server
let address: string
/** One for each call; the last one for all that follow. */
let answers: Answer[]
let received: { asked: string; headers: IncomingHttpHeaders; body: string }[]
let token: Token
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
    received.push({ asked: `${request.method} ${request.url}`, headers: request.headers, body })
    const answer = answers.length > 1 ? answers.shift()! : answers[0]!
    if (answer.broken) return void request.socket.destroy()
    response.writeHead(answer.status ?? 200, answer.headers)
    response.end(answer.body ?? '{"well": true}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  pauses = []
  vi.stubGlobal('setTimeout', shortly)
})

afterEach(() => {
  vi.unstubAllGlobals()
  server.closeAllConnections()
  server.close()
})

const later = setTimeout

/** Pauses take no time here. What the runtime's own fetch waits for is left as it is: it gives more along. */
function shortly(act: (...given: unknown[]) => void, ms: number, ...given: unknown[]): unknown {
  const isPause = !given.length && ms >= 800
  if (isPause) pauses.push(ms)
  return later(act, isPause ? 0 : ms, ...given)
}

function ask(call?: Call): Promise<unknown> {
  return http(address, token)('/requests', call)
}

/** What it throws. */
function refusal(call?: Call): Promise<unknown> {
  return ask(call).catch((error: unknown) => error)
}

function problem(code: string): unknown {
  return expect.objectContaining({ constructor: Problem, code })
}

describe('a call', () => {
  test('says who asks and what, and gets the content', async () => {
    const answer = await ask({ method: 'POST', body: { a: 1 }, key: 'k1' })

    expect(answer).toEqual({ content: { well: true }, replayed: false })
    expect(received).toMatchObject([
      {
        asked: 'POST /requests',
        headers: { authorization: 'Bearer cached', 'content-type': 'application/json', 'idempotency-key': 'k1' },
        body: '{"a":1}',
      },
    ])
  })

  test('tells that nothing was done anew', async () => {
    answers = [{ headers: { 'Idempotency-Replayed': 'true' } }]

    expect(await ask()).toMatchObject({ replayed: true })
  })

  test('that is public needs nobody to be signed in', async () => {
    token = () => Promise.reject(new Error('Nobody is there.'))
    await ask({ public: true })

    expect(received[0]?.headers.authorization).toBeUndefined()
  })
})

describe('what may be repeated', () => {
  test('is sent three times at most, after longer pauses', async () => {
    answers = [OVERLOADED]

    expect(await refusal({ repeatable: true })).toEqual(problem('busy'))
    expect(received).toHaveLength(3)
    expect(pauses).toEqual([800, 1_600])
  })

  test('is sent again with the same key and content until it is answered', async () => {
    answers = [OVERLOADED, { broken: true }, {}]
    await ask({ method: 'POST', body: { a: 1 }, key: 'k1', repeatable: true })

    expect(received.map(({ headers, body }) => [headers['idempotency-key'], body])).toEqual(Array(3).fill(['k1', '{"a":1}']))
  })

  test('waits as long as the service asks, but not for minutes', async () => {
    answers = [
      { ...OVERLOADED, headers: { 'Retry-After': '3' } },
      { ...OVERLOADED, headers: { 'Retry-After': '120' } },
      {},
    ]
    await ask({ repeatable: true })

    expect(pauses).toEqual([3_000, 8_000])
  })

  test('is sent once if the service says no', async () => {
    answers = [{ status: 422, body: '{"status": 422, "title": "No.", "code": "not_valid"}' }]

    expect(await refusal({ repeatable: true })).toEqual(problem('not_valid'))
    expect(received).toHaveLength(1)
  })

  test('is sent again if its answer breaks off', async () => {
    answers = [{ body: '{"well": tr' }, {}]

    expect(await ask({ repeatable: true })).toEqual({ content: { well: true }, replayed: false })
  })
})

describe('what may not be repeated', () => {
  test.each([
    ['overload', OVERLOADED, problem('busy')],
    ['a broken connection', { broken: true } as Answer, expect.any(Unreachable)],
  ])('is sent once, also after %s', async (_, answer, thrown) => {
    answers = [answer]

    expect(await refusal({ method: 'POST' })).toEqual(thrown)
    expect(received).toHaveLength(1)
  })
})

describe('a token', () => {
  test('that is refused is replaced by a fresh one', async () => {
    answers = [NOT_SIGNED_IN, {}]
    await ask()

    expect(received.map(({ headers }) => headers.authorization)).toEqual(['Bearer cached', 'Bearer fresh'])
  })

  test('is replaced once only', async () => {
    answers = [NOT_SIGNED_IN]

    expect(await refusal({ repeatable: true })).toEqual(problem('not_signed_in'))
    expect(tokens).toEqual([false, true])
    expect(received).toHaveLength(2)
  })

  test('that nobody can give any more is a sign-in that has ended', async () => {
    token = () => Promise.reject(new Error('auth/user-token-expired'))

    expect(await refusal({ repeatable: true })).toEqual(expect.objectContaining({ constructor: Problem, status: 401 }))
    expect(received).toEqual([])
  })

  test('that cannot be fetched without a network is no answer, and tried again', async () => {
    const asked = vi.fn(() => Promise.reject(new Unreachable()))
    token = asked

    expect(await refusal({ repeatable: true })).toBeInstanceOf(Unreachable)
    expect(asked).toHaveBeenCalledTimes(3)
  })
})

describe('a problem', () => {
  test("has the service's words and faults", async () => {
    const errors = [{ pointer: '/input', detail: 'is odd' }]
    const body = { status: 422, title: 'Not valid.', detail: 'This is not valid.', code: 'not_valid', errors }
    answers = [{ status: 422, body: JSON.stringify(body) }]

    expect(await refusal()).toMatchObject({ status: 422, code: 'not_valid', message: 'This is not valid.', faults: errors })
  })

  test('of something before the service is told by its status', async () => {
    answers = [{ status: 502, body: '<h1>Bad gateway</h1>' }]

    expect(await refusal()).toMatchObject({ status: 502, code: 'unknown', message: 'The service answered with 502.' })
  })
})
