/**
 * A client for asset requests that any frontend can use: HTTPS calls and Firestore listeners, without a framework.
 *
 *   const client = await connect({ api, app: initializeApp(firebase), token: (fresh) => user.getIdToken(fresh) })
 *   const { request } = await client.submit({ type, input }, key)             // the same key returns the same request
 *   const stop = client.watch({ status: 'failed', limit: 10 }, onSnapshot)    // newest first, now and on every change
 *   const stopOne = client.watch(request.id, ([request]) => ...)              // [] once the request is deleted
 *   client.onState((state) => ...)                                            // live, reconnecting, offline, broken, ...
 *   await client.cancel(request); await client.retry(request)                 // as it was seen; may be repeated
 *   await client.erase(id); await client.requestErasure(key); await client.requestExport(key)
 *   await client.list({ page_token }); await client.getAssetUrl(id, name)
 *   stop(); await client.close()                                              // the client cannot be used afterwards
 *
 * Listeners recover on their own: a listener subscribes again when no snapshot arrives in time, and while a request is
 * in progress the client probes the connection every 30 s. Calls throw `Problem` (the API refused the call) or
 * `Unreachable` (no answer arrived).
 */
export type { Asset, FieldError, Failure, Request, SignedUrl, Status, Submission, WorkType } from './api'
export { isOpen, STATUSES } from './api'
export { type Client, connect, type ConnectOptions, type RequestPage, type SeenRequest } from './client'
export type { ConnectionState } from './connectionState'
export { Problem, type TokenSource, Unreachable } from './http'
export type { OnSnapshot } from './listener'
export type { RequestQuery } from './query'
export { isLater } from './revisions'
export { createUnsignedToken } from './tokens'
