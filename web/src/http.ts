/** HTTPS calls to the API: repeated where that is safe, with a fresh token after a 401, problems as errors. */
import type { Fault, ProblemBody } from './api'

/**
 * An ID token; a fresh one rather than a cached one if so asked. Rejects with Unreachable where there is no network,
 * and with anything else when nobody is signed in any more.
 */
export type Token = (fresh: boolean) => Promise<string>

export interface Call {
  method?: 'GET' | 'POST'
  body?: unknown
  key?: string
  /** Whether sending it again changes nothing more. */
  repeatable?: boolean
  public?: boolean
}

export interface Answer<T> {
  content: T
  replayed: boolean
}

const TRIES = 3
const WITHIN_MS = 20_000
const FIRST_PAUSE_MS = 800
const LONGEST_PAUSE_MS = 8_000

/** The API said no (RFC 9457), in words for people. */
export class Problem extends Error {
  readonly status: number
  readonly code: string
  readonly faults: Fault[]

  constructor(body: ProblemBody) {
    super(body.detail ?? body.title)
    this.status = body.status
    this.code = body.code
    this.faults = body.errors ?? []
  }
}

/** No answer came, so nothing is known about what was asked. */
export class Unreachable extends Error {
  constructor() {
    super('The service could not be reached.')
  }
}

export function http(api: string, token: Token): <T>(path: string, call?: Call) => Promise<Answer<T>> {
  async function bearer(fresh: boolean): Promise<string> {
    try {
      return await token(fresh)
    } catch (error) {
      if (error instanceof Unreachable) throw error
      throw new Problem({ type: 'about:blank', title: 'Your sign-in has ended.', status: 401, code: 'not_signed_in' })
    }
  }

  async function send(path: string, call: Call, fresh: boolean): Promise<Response> {
    const headers: Record<string, string> = {}
    if (!call.public) headers['Authorization'] = `Bearer ${await bearer(fresh)}`
    if (call.body !== undefined) headers['Content-Type'] = 'application/json'
    if (call.key !== undefined) headers['Idempotency-Key'] = call.key
    try {
      return await fetch(api + path, {
        method: call.method ?? 'GET',
        headers,
        body: call.body === undefined ? null : JSON.stringify(call.body),
        signal: AbortSignal.timeout(WITHIN_MS),
      })
    } catch {
      throw new Unreachable()
    }
  }

  return async (path, call = {}) => {
    let fresh = false
    for (let left = call.repeatable ? TRIES - 1 : 0; ; left--) {
      try {
        let response = await send(path, call, fresh)
        if (response.status === 401 && !fresh && !call.public) response = await send(path, call, (fresh = true))
        if (response.ok) return await answerOf(response)
        if (response.status < 500 || left <= 0) throw await problemOf(response)
        await pause(TRIES - left, response.headers.get('Retry-After'))
      } catch (error) {
        if (!(error instanceof Unreachable) || left <= 0) throw error
        await pause(TRIES - left)
      }
    }
  }
}

async function answerOf<T>(response: Response): Promise<Answer<T>> {
  try {
    return { content: await response.json(), replayed: response.headers.get('Idempotency-Replayed') === 'true' }
  } catch {
    throw new Unreachable()
  }
}

async function problemOf(response: Response): Promise<Problem> {
  const body = await response.json().catch(() => null)
  if (body?.code) return new Problem(body)
  const title = `The service answered with ${response.status}.`
  return new Problem({ type: 'about:blank', title, status: response.status, code: 'unknown' })
}

function pause(turn: number, retryAfter: string | null = null): Promise<void> {
  const asked = Number(retryAfter) * 1000 || FIRST_PAUSE_MS * 2 ** (turn - 1)
  return new Promise((resolve) => setTimeout(resolve, Math.min(asked, LONGEST_PAUSE_MS)))
}
