/** The calls of the API and the listeners of one user. */
import type { FirebaseApp } from '@firebase/app'

import type { Request, SignedUrl, Status, Submission, WorkType } from './api'
import { Connection } from './connection'
import type { ConnectionState } from './connectionState'
import { Database } from './database'
import { type Answer, type CallOptions, HttpClient, type TokenSource } from './http'
import type { OnSnapshot } from './listener'
import type { RequestQuery } from './query'
import { findRefusalReason, refusalOf } from './refusals'
import { decodeClaims, tenantOf } from './tokens'

export interface ConnectOptions {
  /** The base URL of the API, without a slash at the end. */
  api: string
  app: FirebaseApp
  token: TokenSource
  /** The name of the Firestore database. */
  database?: string | undefined
  /** host:port of a Firestore emulator, which does not verify tokens. */
  emulator?: string | undefined
}

/** A request as its user saw it. */
export type SeenRequest = Pick<Request, 'id' | 'redrive'>

export interface RequestPage {
  requests: Request[]
  next_page_token?: string
}

/** Throws what `token` throws. */
export async function connect(options: ConnectOptions): Promise<Client> {
  const { api, app, token, database: name = '(default)', emulator } = options
  const claims = decodeClaims(await token(false))
  return new Client(new Database(app, { name, emulator, claims }), tenantOf(claims), api, token)
}

export class Client {
  private readonly http: HttpClient
  private readonly connection: Connection

  constructor(
    private readonly database: Database,
    readonly tenant: string,
    api: string,
    token: TokenSource,
  ) {
    this.http = new HttpClient(api, token)
    this.connection = new Connection(database, tenant, (target) =>
      findRefusalReason(target, {
        token,
        getRequest: (id) => this.call(`/requests/${id}`),
        onSignedOut: () => this.connection.refuseAccess('listener', 'signed-out'),
      }),
    )
  }

  /** Returns a function that ends the listener. */
  watch(target: string | RequestQuery, onSnapshot: OnSnapshot): () => void {
    return this.connection.watch(target, onSnapshot)
  }

  /** Reports the state now and whenever it changes. Returns a function that ends the reports. */
  onState(report: (state: ConnectionState) => void): () => void {
    return this.connection.onState(report)
  }

  async submit(submission: Submission, key: string): Promise<{ request: Request; replayed: boolean }> {
    const options = { method: 'POST', body: submission, key, idempotent: true } as const
    const { content: request, replayed } = await this.change<Request>('/requests', options)
    return { request, replayed }
  }

  /** Submits one to ten requests: all of them or none. */
  async submitBatch(submissions: Submission[], key: string): Promise<{ requests: Request[]; replayed: boolean }> {
    const options = { method: 'POST', body: { requests: submissions }, key, idempotent: true } as const
    const { content, replayed } = await this.change<{ requests: Request[] }>('/requests:batch', options)
    return { requests: content.requests, replayed }
  }

  /** A page of requests, newest first. */
  async list(
    query: { limit?: number; status?: Status | undefined; page_token?: string | undefined } = {},
  ): Promise<RequestPage> {
    const given = Object.entries(query).filter(([, value]) => value !== undefined)
    const parameters = new URLSearchParams(given.map(([name, value]) => [name, String(value)]))
    return (await this.call<RequestPage>(`/requests?${parameters}`, { idempotent: true })).content
  }

  /** Refused if the request has been retried since the caller saw it. */
  cancel(seen: SeenRequest): Promise<Request> {
    return this.act('cancel', seen)
  }

  /** If the request has been retried since the caller saw it, returns it as it is now. */
  retry(seen: SeenRequest): Promise<Request> {
    return this.act('retry', seen)
  }

  /** Erases a request that has ended. A repeat changes nothing. */
  async erase(id: string): Promise<void> {
    await this.change(`/requests/${id}`, { method: 'DELETE', idempotent: true })
  }

  /** Submits a request that erases all requests of the user; its result is a receipt. */
  requestErasure(key: string): Promise<Request> {
    return this.submitForAll('/me/erasure', key)
  }

  /** Submits a request that makes an archive of all requests of the user. */
  requestExport(key: string): Promise<Request> {
    return this.submitForAll('/me/exports', key)
  }

  async getAssetUrl(id: string, name: string): Promise<SignedUrl> {
    const path = `/requests/${id}/assets/${encodeURIComponent(name)}`
    return (await this.call<SignedUrl>(path, { idempotent: true })).content
  }

  async listTypes(): Promise<WorkType[]> {
    return (await this.call<{ types: WorkType[] }>('/types', { idempotent: true, public: true })).content.types
  }

  /** Connects again at once, also after a refusal. */
  reconnect(): Promise<void> {
    return this.connection.reconnect()
  }

  /** `forget` also deletes the cache in this browser, unless another tab still uses it. */
  async close(options?: { forget?: boolean }): Promise<void> {
    this.connection.close()
    await this.database.close(options)
  }

  /** Idempotent, because it names the redrive that the caller saw. */
  private async act(action: string, { id, redrive }: SeenRequest): Promise<Request> {
    const options = { method: 'POST', body: { redrive }, idempotent: true } as const
    return (await this.change<Request>(`/requests/${id}:${action}`, options)).content
  }

  private async submitForAll(path: string, key: string): Promise<Request> {
    return (await this.change<Request>(path, { method: 'POST', key, idempotent: true })).content
  }

  private change<T>(path: string, options: CallOptions): Promise<Answer<T>> {
    this.connection.probeAfterChange()
    return this.call<T>(path, options)
  }

  private async call<T>(path: string, options: CallOptions = {}): Promise<Answer<T>> {
    try {
      const answer = await this.http.call<T>(path, options)
      if (!options.public) this.connection.restoreAccess('call')
      return answer
    } catch (error) {
      const refusal = refusalOf(error)
      if (refusal) this.connection.refuseAccess('call', refusal)
      throw error
    }
  }
}
