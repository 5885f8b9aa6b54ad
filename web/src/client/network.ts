/** Reconnects the SDK at once. On its own it waits up to a minute between two attempts. */
import { disableNetwork, enableNetwork, type Firestore } from '@firebase/firestore'

const RESET_INTERVAL_MS = 8_000

export class Network {
  private lastReset = 0
  private isClosed = false

  constructor(private readonly db: Firestore) {}

  async resetNetwork({ force = false } = {}): Promise<void> {
    if (force) this.lastReset = 0
    if (this.isClosed || !navigator.onLine || Date.now() - this.lastReset < RESET_INTERVAL_MS) return
    this.lastReset = Date.now()
    await disableNetwork(this.db)
    if (!this.isClosed) await enableNetwork(this.db)
  }

  close(): void {
    this.isClosed = true
  }
}
