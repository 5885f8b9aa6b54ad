/** Reconnects the SDK at once. On its own it waits up to a minute between two attempts. */
import { disableNetwork, enableNetwork } from '@firebase/firestore'

import type { Database } from './database'

const RESET_INTERVAL_MS = 8_000

export class Network {
  private lastReset = 0
  private isClosed = false

  constructor(private readonly database: Database) {}

  async resetNetwork({ force = false } = {}): Promise<void> {
    if (force) this.lastReset = 0
    if (this.isClosed || !navigator.onLine || Date.now() - this.lastReset < RESET_INTERVAL_MS) return
    this.lastReset = Date.now()
    const { firestore } = this.database
    await disableNetwork(firestore)
    if (!this.isClosed) await enableNetwork(firestore)
  }

  close(): void {
    this.isClosed = true
  }
}
