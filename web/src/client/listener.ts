/** One subscription that outlives its connections: if no snapshot arrives in time, it subscribes again. */
import { doc, type DocumentSnapshot, type FirestoreError, onSnapshot } from '@firebase/firestore'

import { isOpen, type Request } from './api'
import type { Database } from './database'
import { toRequest } from './documents'
import { buildQuery, type ProbeQuery, type RequestQuery } from './query'

/** `isConfirmed`: the server sent this state; otherwise it comes from the browser's cache and may be out of date. */
export type OnSnapshot = (requests: Request[], isConfirmed: boolean) => void

/** The id of one request, or a query. */
export type Target = string | RequestQuery | ProbeQuery

/** `unknown`: there was no network to find out. */
export type RefusalReason = 'deleted' | 'retry' | 'unknown'

export interface ListenerHost {
  /** The state of this listener has changed. */
  onChange(): void
  onConfirmed(): void
  onDenied(): void
  findRefusalReason(): Promise<RefusalReason>
  resetNetwork(): Promise<void>
  /** Opens the database again if it has stopped working; then all listeners subscribe again. */
  checkDatabase(): void
}

export const FIRST_SNAPSHOT_MS = 5_000

const MAX_TIMEOUT_MS = 15_000
/** Errors of the service itself. A new connection would return them again. */
const SERVICE_ERRORS = new Set(['failed-precondition', 'invalid-argument', 'not-found', 'unimplemented'])

export class Listener {
  isConfirmed = false
  /** No confirmed snapshot has arrived in time. */
  isLate = false
  /** The service has returned an error that a new connection would not change. */
  isBroken = false
  /** Access was refused. The listener waits until access is restored. */
  isDenied = false
  private hasServiceError = false
  private unsubscribe = () => {}
  private timer: ReturnType<typeof setTimeout> | undefined
  private timeoutMs = FIRST_SNAPSHOT_MS
  private refusals = 0
  private isStopped = false
  private requests: Request[] = []

  constructor(
    private readonly database: Database,
    private readonly tenant: string,
    private readonly target: Target,
    private readonly onSnapshot: OnSnapshot,
    private readonly host: ListenerHost,
  ) {}

  listen(): void {
    if (this.isStopped) return
    this.hasServiceError = this.isDenied = false
    this.startTimer()
    this.endSubscription()
    try {
      this.unsubscribe = this.subscribe()
    } catch {
      this.host.checkDatabase() // the SDK's calls throw once it has stopped working
    }
  }

  private subscribe(): () => void {
    const options = { includeMetadataChanges: true }
    const onError = (error: FirestoreError) => void this.handleError(error)
    const { firestore } = this.database
    if (typeof this.target === 'string') {
      // A document needs no index. Firestore refuses a missing document too; the API knows the difference.
      return onSnapshot(
        doc(firestore, 'requests', this.target),
        options,
        (snapshot) => this.handleSnapshot(snapshot.exists() ? [snapshot] : [], !snapshot.metadata.fromCache),
        onError,
      )
    }
    return onSnapshot(
      buildQuery(firestore, this.tenant, this.target),
      options,
      (snapshot) => this.handleSnapshot(snapshot.docs, !snapshot.metadata.fromCache),
      onError,
    )
  }

  /** Whether a request in the last snapshot should change soon. */
  get expectsChanges(): boolean {
    return this.requests.some(isDueOrRunning)
  }

  stop(): void {
    this.isStopped = true
    clearTimeout(this.timer)
    this.endSubscription()
  }

  /** A dead SDK throws. */
  private endSubscription(): void {
    try {
      this.unsubscribe()
    } catch {
      // It has no subscriptions any more.
    }
  }

  private handleSnapshot(documents: DocumentSnapshot[], isConfirmed: boolean): void {
    this.requests = documents.map((each) => toRequest(each.id, each.data() ?? {}))
    if (isConfirmed) {
      clearTimeout(this.timer)
      this.isLate = this.isBroken = false
      this.timeoutMs = FIRST_SNAPSHOT_MS
      this.refusals = 0
      this.host.onConfirmed()
    } else if (this.isConfirmed) {
      this.startTimer()
    }
    this.isConfirmed = isConfirmed
    this.host.onChange()
    if (isConfirmed || this.requests.length) this.onSnapshot(this.requests, isConfirmed)
  }

  private startTimer(): void {
    clearTimeout(this.timer)
    this.timer = setTimeout(() => void this.handleTimeout(), this.timeoutMs)
  }

  private async handleTimeout(): Promise<void> {
    const wasLate = this.isLate
    this.isLate = true
    this.isConfirmed = false
    this.isBroken &&= this.hasServiceError // after a new subscription, silence means a lost connection
    this.timeoutMs = Math.min(this.timeoutMs * 1.5, MAX_TIMEOUT_MS)
    this.host.onChange()
    this.host.checkDatabase()
    if (wasLate && !this.isBroken) await this.host.resetNetwork()
    this.listen()
  }

  private async handleError(error: FirestoreError): Promise<void> {
    this.isConfirmed = false
    if (error.code === 'permission-denied' || error.code === 'unauthenticated') return this.handleRefusal()
    this.hasServiceError = SERVICE_ERRORS.has(error.code)
    if (this.hasServiceError && !this.isBroken) {
      this.isBroken = true
      console.error(error)
      this.host.onChange()
    }
    this.startTimer()
  }

  private async handleRefusal(): Promise<void> {
    clearTimeout(this.timer)
    const reason = await this.host.findRefusalReason()
    if (this.isStopped) return
    if (reason === 'unknown') {
      this.startTimer()
    } else if (reason === 'deleted') {
      this.finishDeleted()
    } else if (++this.refusals > 1) {
      this.isDenied = true
      this.host.onDenied()
    } else {
      this.listen()
    }
  }

  private finishDeleted(): void {
    this.stop()
    this.requests = []
    this.isConfirmed = true
    this.onSnapshot([], true)
    this.host.onChange()
  }
}

function isDueOrRunning(request: Request): boolean {
  return isOpen(request) && !(Date.parse(request.scheduled_at ?? '') > Date.now())
}
