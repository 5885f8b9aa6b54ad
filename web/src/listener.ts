/** One subscription that outlives its connections: whoever hears nothing in time subscribes anew. */
import {
  collection,
  doc,
  type DocumentSnapshot,
  type Firestore,
  type FirestoreError,
  limit,
  onSnapshot,
  orderBy,
  query,
  type QuerySnapshot,
  where,
} from '@firebase/firestore'

import { isOpen, type Request, type Status } from './api'
import { requestOf } from './documents'

export interface Watched {
  status?: Status | undefined
  limit?: number
}

/** Only what was made before a moment. */
export interface Asked extends Watched {
  before?: Date
}

/** `confirmed`: it is what the server has now, not only what this browser remembers. */
export type Seen = (requests: Request[], confirmed: boolean) => void

export const FIRST_SNAPSHOT_MS = 5_000

const LIMIT = 50 // the rules refuse more, and the emulator sends the whole result on every commit
const LONGEST_PATIENCE_MS = 15_000
/** What no other connection would change. */
const FAULTS = new Set(['failed-precondition', 'invalid-argument', 'not-found', 'unimplemented'])

/** `unknown`: there was no network to find out. */
export type Why = 'gone' | 'listen again' | 'unknown'

interface Surroundings {
  settle(): void
  heard(): void
  denied(): void
  whyRefused(): Promise<Why>
  redial(): Promise<void>
}

export class Listener {
  confirmed = false
  late = false
  broken = false
  /** It is refused, and waits for access. */
  denied = false
  private faulted = false
  private unsubscribe = () => {}
  private timer: ReturnType<typeof setTimeout> | undefined
  private patience = FIRST_SNAPSHOT_MS
  private refusals = 0
  private stopped = false
  private told: Request[] = []

  constructor(
    private readonly db: Firestore,
    private readonly tenant: string,
    private readonly what: string | Asked,
    private readonly seen: Seen,
    private readonly around: Surroundings,
  ) {}

  listen(): void {
    if (this.stopped) return
    this.unsubscribe()
    this.faulted = this.denied = false
    this.await()
    const failed = (error: FirestoreError) => void this.failed(error)
    const requests = collection(this.db, 'requests')
    if (typeof this.what === 'string') {
      // A document needs no index, and the refusal of a missing one is told from others by asking the API.
      const next = (snapshot: DocumentSnapshot) => this.next(snapshot.exists() ? [snapshot] : [], snapshot)
      this.unsubscribe = onSnapshot(doc(requests, this.what), { includeMetadataChanges: true }, next, failed)
    } else {
      const { status, before, limit: most = 10 } = this.what
      const wanted = query(
        requests,
        where('tenant', '==', this.tenant),
        ...(status ? [where('status', '==', status)] : []),
        ...(before ? [where('created_at', '<', before)] : []),
        orderBy('created_at', 'desc'),
        limit(Math.min(most, LIMIT)),
      )
      const next = (snapshot: QuerySnapshot) => this.next(snapshot.docs, snapshot)
      this.unsubscribe = onSnapshot(wanted, { includeMetadataChanges: true }, next, failed)
    }
  }

  /** Whether the next change is to be expected soon. */
  get moving(): boolean {
    return this.told.some(isMoving)
  }

  stop(): void {
    this.stopped = true
    clearTimeout(this.timer)
    this.unsubscribe()
  }

  private next(found: DocumentSnapshot[], { metadata }: { metadata: { fromCache: boolean } }): void {
    const requests = found.map((each) => requestOf(each.id, each.data() ?? {}))
    const confirmed = !metadata.fromCache
    this.told = requests
    if (confirmed) {
      clearTimeout(this.timer)
      this.late = this.broken = false
      this.patience = FIRST_SNAPSHOT_MS
      this.refusals = 0
      this.around.heard()
    } else if (this.confirmed) {
      this.await()
    }
    this.confirmed = confirmed
    this.around.settle()
    if (confirmed || requests.length) this.seen(requests, confirmed)
  }

  private await(): void {
    clearTimeout(this.timer)
    this.timer = setTimeout(() => void this.overdue(), this.patience)
  }

  private async overdue(): Promise<void> {
    const again = this.late
    this.late = true
    this.confirmed = false
    this.broken &&= this.faulted // silence after a fault is that of a connection
    this.patience = Math.min(this.patience * 1.5, LONGEST_PATIENCE_MS)
    this.around.settle()
    if (again && !this.broken) await this.around.redial()
    this.listen()
  }

  private async failed(error: FirestoreError): Promise<void> {
    this.confirmed = false
    if (error.code !== 'permission-denied' && error.code !== 'unauthenticated') {
      this.faulted = FAULTS.has(error.code)
      if (this.faulted && !this.broken) {
        this.broken = true
        console.error(error)
        this.around.settle()
      }
      return this.await()
    }
    clearTimeout(this.timer)
    const why = await this.around.whyRefused()
    if (this.stopped) return
    if (why === 'unknown') {
      this.await()
    } else if (why === 'gone') {
      this.stop()
      this.told = []
      this.confirmed = true
      this.seen([], true)
      this.around.settle()
    } else if (++this.refusals > 1) {
      this.denied = true
      this.around.denied()
    } else {
      this.listen()
    }
  }
}

function isMoving(request: Request): boolean {
  return isOpen(request) && !(Date.parse(request.scheduled_at ?? '') > Date.now())
}
