/**
 * Asset requests for any frontend: HTTPS calls to ask, Firestore listeners to watch. It knows no framework.
 *
 *   const client = await connect({ api, app: initializeApp(firebase), token: (fresh) => user.getIdToken(fresh) })
 *   const { request } = await client.submit({ type, input }, key)      // the same key again finds the same request
 *   const stop = client.watch({ status: 'failed', limit: 10 }, show)   // newest first, at once and on every change
 *   const stopOne = client.watch(request.id, ([request]) => ...)       // [] once it is gone
 *   client.onState((state) => ...)                                     // live, reconnecting, offline, broken, ...
 *   await client.cancel(id); await client.retry(id); await client.page({ page_token }); await client.assetUrl(id, name)
 *   stop(); await client.close()                                       // it is of no more use then
 *
 * Listeners come back by themselves: one that hears nothing in time listens anew, and while a request moves, the
 * connection is asked every 30 s whether it still lives. Calls throw `Problem` (the API said no) or `Unreachable` (no
 * answer came).
 */
import type { FirebaseApp } from '@firebase/app'
import {
  clearIndexedDbPersistence,
  connectFirestoreEmulator,
  disableNetwork,
  enableNetwork,
  type Firestore,
  initializeFirestore,
  persistentLocalCache,
  persistentMultipleTabManager,
  setLogLevel,
  terminate,
} from '@firebase/firestore'

import type { Ask, Request, SignedUrl, Status, WorkType } from './api'
import { http, Problem, type Token, Unreachable } from './http'
import { type Asked, FIRST_SNAPSHOT_MS, Listener, type Seen, type Watched, type Why } from './listener'
import { type Claims, claimsOf, tenantOf } from './tokens'

export { Problem, Unreachable } from './http'
export type { Seen, Watched } from './listener'

export interface Options {
  api: string
  app: FirebaseApp
  token: Token
  database?: string | undefined
  /** host:port of a Firestore emulator, which believes the token's claims. */
  emulator?: string | undefined
}

export interface Page {
  requests: Request[]
  next_page_token?: string
}

/** `broken`: the service itself is at fault, as when an index is missing; the reason is on the console. */
export type State = 'connecting' | 'live' | 'reconnecting' | 'offline' | 'broken' | Refusal
type Refusal = 'signed-out' | 'revoked'

export type Client = Awaited<ReturnType<typeof connect>>

const BETWEEN_REDIALS_MS = 8_000
const AWAY_MS = 60_000
const BETWEEN_DOUBTS_MS = 30_000

export async function connect({ api, app, token, database = '(default)', emulator }: Options) {
  const claims = claimsOf(await token(false))
  const tenant = tenantOf(claims)
  const db = open(app, database, emulator, claims)
  const call = http(api, token)
  const listeners = new Set<Listener>()
  const told = new Set<(state: State) => void>()
  let refused: { state: Refusal; by: 'call' | 'listener' } | undefined
  let state: State = 'connecting'
  let redialled = 0
  let hiddenAt = Date.now()
  /**
   * What several tabs listen to the SDK answers by itself, even with a dead connection. To this, for requests of a
   * moment in 1970, nobody else listens: not even a tab that was frozen with the same doubt.
   */
  const question: Asked = { limit: 1, before: new Date(Math.random() * 1000) }
  let doubting = false
  let closed = false

  function settle(): void {
    const next = stateOf()
    if (next === state) return
    state = next
    told.forEach((tell) => tell(state))
  }

  function stateOf(): State {
    if (refused) return refused.state
    if (!navigator.onLine) return 'offline'
    const all = [...listeners]
    if (all.some((each) => each.broken)) return 'broken'
    if (all.some((each) => each.late)) return 'reconnecting'
    return all.length && all.every((each) => each.confirmed) ? 'live' : state === 'live' ? 'live' : 'connecting'
  }

  function refuse(by: 'call' | 'listener', state: Refusal): void {
    refused = { by, state }
    settle()
  }

  /** Who is let in again by the one way may still be kept out by the other. Each listener has to ask for itself. */
  function accept(by: 'call' | 'listener'): void {
    if (refused?.by !== by) return
    refused = undefined
    if (by === 'listener') listeners.forEach((each) => each.denied && each.listen())
    settle()
  }

  /**
   * What a call changes comes back through a listener, unless the connection is dead without saying so. The call's own
   * may be dead as well, so its answer is not waited for.
   */
  function change<T>(...given: Parameters<typeof call>) {
    setTimeout(doubt, FIRST_SNAPSHOT_MS)
    return ask<T>(...given)
  }

  async function ask<T>(...given: Parameters<typeof call>) {
    try {
      const answer = await call<T>(...given)
      if (!given[1]?.public) accept('call')
      return answer
    } catch (error) {
      if (error instanceof Problem && error.status === 401) refuse('call', 'signed-out')
      if (error instanceof Problem && error.status === 403) refuse('call', 'revoked')
      throw error
    }
  }

  /** Why a listener was refused. A fresh token is the remedy for an old one, and the API knows what is gone. */
  async function whyRefused(what: string | Watched): Promise<Why> {
    try {
      await token(true)
    } catch (error) {
      if (error instanceof Unreachable) return 'unknown'
      refuse('listener', 'signed-out')
      return 'listen again'
    }
    if (typeof what !== 'string') return 'listen again'
    try {
      await ask(`/requests/${what}`)
    } catch (error) {
      if (error instanceof Problem && error.status === 404) return 'gone'
      if (error instanceof Unreachable || (error instanceof Problem && error.status >= 500)) return 'unknown'
    }
    return 'listen again'
  }

  /** The SDK waits up to a minute between its attempts; this begins the next one now. */
  async function redial(): Promise<void> {
    if (closed || !navigator.onLine || Date.now() - redialled < BETWEEN_REDIALS_MS) return
    redialled = Date.now()
    await disableNetwork(db)
    if (!closed) await enableNetwork(db)
  }

  function watch(what: string | Asked, seen: Seen): () => void {
    const listener = new Listener(db, tenant, what, seen, {
      settle,
      whyRefused: () => whyRefused(what),
      denied: () => {
        if (refused?.state !== 'signed-out') refuse('listener', 'revoked')
      },
      heard: () => accept('listener'),
      redial,
    })
    listeners.add(listener)
    listener.listen()
    return () => {
      listeners.delete(listener)
      listener.stop()
      settle()
    }
  }

  /** Asks something of the server, which answers in time or is late. */
  function doubt(): void {
    if (doubting || closed) return
    doubting = true
    const stop = watch(question, (_, confirmed) => {
      if (!confirmed) return
      doubting = false
      stop()
    })
  }

  function cameBack(): void {
    doubt()
    settle()
  }

  /** A connection may die unnoticed while a computer sleeps or nobody looks. */
  function turned(): void {
    if (document.hidden) hiddenAt = Date.now()
    else if (Date.now() - hiddenAt > AWAY_MS) doubt()
  }
  const doubts = setInterval(() => [...listeners].some((each) => each.moving) && doubt(), BETWEEN_DOUBTS_MS)
  window.addEventListener('online', cameBack)
  window.addEventListener('offline', settle)
  document.addEventListener('visibilitychange', turned)

  return {
    tenant,
    watch: (what: string | Watched, seen: Seen) => watch(what, seen),

    /** Tells the state now and whenever it changes. */
    onState(tell: (state: State) => void): () => void {
      told.add(tell)
      tell(state)
      return () => void told.delete(tell)
    },

    async submit(asked: Ask, key: string) {
      const sent = { method: 'POST', body: asked, key, repeatable: true } as const
      const { content: request, replayed } = await change<Request>('/requests', sent)
      return { request, replayed }
    },

    /** One to ten, all or nothing. */
    async submitBatch(asked: Ask[], key: string) {
      const sent = { method: 'POST', body: { requests: asked }, key, repeatable: true } as const
      const { content, replayed } = await change<{ requests: Request[] }>('/requests:batch', sent)
      return { requests: content.requests, replayed }
    },

    /** Older ones, newest first. */
    async page(wanted: { limit?: number; status?: Status | undefined; page_token?: string | undefined } = {}) {
      const given = Object.entries(wanted).filter(([, value]) => value !== undefined)
      const parameters = new URLSearchParams(given.map(([name, value]) => [name, String(value)]))
      return (await ask<Page>(`/requests?${parameters}`, { repeatable: true })).content
    },

    async cancel(id: string) {
      return (await change<Request>(`/requests/${id}:cancel`, { method: 'POST', repeatable: true })).content
    },

    /** Not repeated by itself: once it runs again, the API refuses a second retry. */
    async retry(id: string) {
      return (await change<Request>(`/requests/${id}:retry`, { method: 'POST' })).content
    },

    async assetUrl(id: string, name: string) {
      const path = `/requests/${id}/assets/${encodeURIComponent(name)}`
      return (await ask<SignedUrl>(path, { repeatable: true })).content
    },

    async types() {
      return (await ask<{ types: WorkType[] }>('/types', { repeatable: true, public: true })).content.types
    },

    /** Tries the connection again at once, also after a refusal. */
    async reconnect() {
      refused = undefined
      redialled = 0
      await redial()
      listeners.forEach((each) => each.listen())
      settle()
    },

    /** `forget` also removes what this browser has kept, unless another tab still uses it. */
    async close({ forget = false } = {}) {
      closed = true
      clearInterval(doubts)
      window.removeEventListener('online', cameBack)
      window.removeEventListener('offline', settle)
      document.removeEventListener('visibilitychange', turned)
      listeners.forEach((each) => each.stop())
      listeners.clear()
      told.clear()
      await terminate(db)
      if (forget) await clearIndexedDbPersistence(db).catch(() => {})
    },
  }
}

function open(app: FirebaseApp, database: string, emulator: string | undefined, claims: Claims): Firestore {
  setLogLevel('silent') // what goes wrong is told by `onState`
  const localCache = persistentLocalCache({ tabManager: persistentMultipleTabManager() })
  const db = initializeFirestore(app, { localCache }, database)
  if (emulator) {
    const [host = '', port] = emulator.split(':')
    const { sub, tenant } = claims
    connectFirestoreEmulator(db, host, Number(port), { mockUserToken: { sub, ...(tenant ? { tenant } : {}) } })
  }
  return db
}
