/** Detects a dead connection by a query that only the server can answer. Without an answer, its listener is late. */
import { FIRST_SNAPSHOT_MS, type OnSnapshot } from './listener'
import type { ProbeQuery } from './query'

interface ProberHost {
  watch(query: ProbeQuery, onSnapshot: OnSnapshot): () => void
  /** Whether a watched request should change soon. */
  expectsChanges(): boolean
  /** The browser went online or offline. */
  onNetworkChange(): void
  /** Opens the database again if it has stopped working. */
  checkDatabase(): void
}

const PROBE_INTERVAL_MS = 30_000
const HIDDEN_MS = 60_000

export class Prober {
  /**
   * For requests created before a random moment in 1970. The SDK answers a query that several tabs share from its
   * cache, even over a dead connection; no other tab sends this query, not even a frozen tab that was probing too.
   */
  private readonly probeQuery: ProbeQuery = { limit: 1, before: new Date(Math.random() * 1000) }
  private readonly interval = setInterval(() => this.onInterval(), PROBE_INTERVAL_MS)
  private isProbing = false
  private isClosed = false
  private hiddenSince = Date.now()

  constructor(private readonly host: ProberHost) {
    window.addEventListener('online', this.onOnline)
    window.addEventListener('offline', this.onOffline)
    document.addEventListener('visibilitychange', this.onVisibilityChange)
  }

  probe(): void {
    if (this.isProbing || this.isClosed) return
    this.isProbing = true
    const stop = this.host.watch(this.probeQuery, (_, isConfirmed) => {
      if (!isConfirmed) return
      this.isProbing = false
      stop()
    })
  }

  /**
   * Listeners should show the effect of a call that changes something. If none does, the connection may be dead. The
   * call can hang on the same connection, so the timer starts before its answer.
   */
  probeAfterChange(): void {
    this.host.checkDatabase()
    setTimeout(() => this.probe(), FIRST_SNAPSHOT_MS)
  }

  close(): void {
    this.isClosed = true
    clearInterval(this.interval)
    window.removeEventListener('online', this.onOnline)
    window.removeEventListener('offline', this.onOffline)
    document.removeEventListener('visibilitychange', this.onVisibilityChange)
  }

  private onInterval(): void {
    this.host.checkDatabase()
    if (this.host.expectsChanges()) this.probe()
  }

  private readonly onOnline = (): void => {
    this.probe()
    this.host.onNetworkChange()
  }

  private readonly onOffline = (): void => this.host.onNetworkChange()

  /** A connection can die unnoticed while the computer sleeps or the page is hidden. */
  private readonly onVisibilityChange = (): void => {
    if (!document.hidden) this.host.checkDatabase()
    if (document.hidden) this.hiddenSince = Date.now()
    else if (Date.now() - this.hiddenSince > HIDDEN_MS) this.probe()
  }
}
