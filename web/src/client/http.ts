/** Sends calls to the API: retries idempotent calls, renews the token after a 401, and throws failures as errors. */
import type { FieldError, ProblemBody } from './api'

/**
 * Returns an ID token, and a newly issued one if `fresh` is true. Rejects with Unreachable while there is no network,
 * and with any other error once the user is signed out.
 */
export type TokenSource = (fresh: boolean) => Promise<string>

export interface CallOptions {
  method?: 'DELETE' | 'GET' | 'POST'
  body?: unknown
  /** The idempotency key. */
  key?: string
  /** Sending the call again has no further effect, so it may be retried. */
  idempotent?: boolean
  /** The call needs no token. */
  public?: boolean
}

export interface Answer<T> {
  content: T
  replayed: boolean
}

const MAX_ATTEMPTS = 3
const TIMEOUT_MS = 20_000
const FIRST_PAUSE_MS = 800
const MAX_PAUSE_MS = 8_000

/** The API refused the call (RFC 9457). The message can be shown to the user. */
export class Problem extends Error {
  readonly status: number
  readonly code: string
  readonly fieldErrors: FieldError[]

  constructor(body: ProblemBody) {
    super(body.detail ?? body.title)
    this.status = body.status
    this.code = body.code
    this.fieldErrors = body.errors ?? []
  }
}

/** No answer arrived, so the outcome of the call is unknown. */
export class Unreachable extends Error {
  constructor() {
    super('The service could not be reached.')
  }
}

export class HttpClient {
  constructor(
    private readonly baseUrl: string,
    private readonly token: TokenSource,
  ) {}

  async call<T>(path: string, options: CallOptions = {}): Promise<Answer<T>> {
    let fresh = false
    for (let attempt = 1; ; attempt++) {
      const isLast = !options.idempotent || attempt === MAX_ATTEMPTS
      try {
        let response = await this.send(path, options, fresh)
        if (response.status === 401 && !fresh && !options.public) {
          fresh = true
          response = await this.send(path, options, fresh)
        }
        if (response.ok) return await parseAnswer(response)
        if (response.status < 500 || isLast) throw await parseProblem(response)
        await pause(attempt, response.headers.get('Retry-After'))
      } catch (error) {
        if (!(error instanceof Unreachable) || isLast) throw error
        await pause(attempt)
      }
    }
  }

  private async send(path: string, options: CallOptions, fresh: boolean): Promise<Response> {
    const headers: Record<string, string> = {}
    if (!options.public) headers['Authorization'] = `Bearer ${await this.getToken(fresh)}`
    if (options.body !== undefined) headers['Content-Type'] = 'application/json'
    if (options.key !== undefined) headers['Idempotency-Key'] = options.key
    try {
      return await fetch(this.baseUrl + path, {
        method: options.method ?? 'GET',
        headers,
        body: options.body === undefined ? null : JSON.stringify(options.body),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      })
    } catch {
      throw new Unreachable()
    }
  }

  private async getToken(fresh: boolean): Promise<string> {
    try {
      return await this.token(fresh)
    } catch (error) {
      if (error instanceof Unreachable) throw error
      throw new Problem({
        type: 'about:blank',
        title: 'Your session has expired.',
        status: 401,
        code: 'not_signed_in',
      })
    }
  }
}

async function parseAnswer<T>(response: Response): Promise<Answer<T>> {
  try {
    const content = response.status === 204 ? undefined : await response.json()
    return { content, replayed: response.headers.get('Idempotency-Replayed') === 'true' }
  } catch {
    throw new Unreachable()
  }
}

/** A proxy in front of the API may answer without a problem document. */
async function parseProblem(response: Response): Promise<Problem> {
  const body = await response.json().catch(() => null)
  if (body?.code) return new Problem(body)
  const title = `The service returned status ${response.status}.`
  return new Problem({ type: 'about:blank', title, status: response.status, code: 'unknown' })
}

function pause(attempt: number, retryAfter: string | null = null): Promise<void> {
  const ms = Number(retryAfter) * 1000 || FIRST_PAUSE_MS * 2 ** (attempt - 1)
  return new Promise((resolve) => setTimeout(resolve, Math.min(ms, MAX_PAUSE_MS)))
}
