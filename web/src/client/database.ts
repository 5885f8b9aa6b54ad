/** Firestore with a cache that all tabs share, so that they also share one connection. */
import type { FirebaseApp } from '@firebase/app'
import {
  clearIndexedDbPersistence,
  connectFirestoreEmulator,
  type Firestore,
  initializeFirestore,
  persistentLocalCache,
  persistentMultipleTabManager,
  setLogLevel,
  terminate,
  waitForPendingWrites,
} from '@firebase/firestore'

import type { Claims } from './tokens'

interface DatabaseOptions {
  name: string
  emulator: string | undefined
  claims: Claims
}

/** The SDK answers from its cache within milliseconds. Without an answer within this time it has stopped working. */
const ANSWER_MS = 3_000

export class Database {
  /** The SDK's client. After `replace`, another one. */
  firestore: Firestore
  private checking: Promise<boolean> | undefined
  private isClosed = false

  constructor(
    private readonly app: FirebaseApp,
    private readonly options: DatabaseOptions,
  ) {
    setLogLevel('silent') // `onState` reports failures
    this.firestore = this.open(canStore())
  }

  /**
   * Replaces the SDK's client if it has stopped working, and returns whether it has. It stops for good when its database
   * in the browser is deleted, or when it cannot write there; its calls then throw or never end.
   */
  async replaceIfDead(): Promise<boolean> {
    const { firestore } = this
    this.checking ??= isAlive(firestore).finally(() => (this.checking = undefined))
    if ((await this.checking) || this.isClosed || firestore !== this.firestore) return false
    terminate(firestore).catch(() => {})
    this.firestore = this.open(false) // the browser's storage cannot be relied on
    return true
  }

  /** `forget` also deletes the cache in this browser, unless another tab still uses it. */
  async close({ forget = false } = {}): Promise<void> {
    this.isClosed = true
    await terminate(this.firestore).catch(() => {})
    if (forget) await clearIndexedDbPersistence(this.firestore).catch(() => {})
  }

  private open(isPersistent: boolean): Firestore {
    const { name, emulator, claims } = this.options
    const localCache = persistentLocalCache({ tabManager: persistentMultipleTabManager() })
    const firestore = initializeFirestore(this.app, isPersistent ? { localCache } : {}, name)
    if (emulator) {
      const [host = '', port] = emulator.split(':')
      const { sub, tenant } = claims
      connectFirestoreEmulator(firestore, host, Number(port), { mockUserToken: { sub, ...(tenant ? { tenant } : {}) } })
    }
    return firestore
  }
}

async function isAlive(firestore: Firestore): Promise<boolean> {
  const timeout = new Promise<boolean>((resolve) => setTimeout(resolve, ANSWER_MS, false))
  try {
    return await Promise.race([waitForPendingWrites(firestore).then(() => true), timeout])
  } catch {
    return false
  }
}

/** The shared cache needs local storage, which can be full or blocked. */
function canStore(): boolean {
  try {
    localStorage.setItem('storage-test', ' '.repeat(10_000))
    localStorage.removeItem('storage-test')
    return true
  } catch {
    return false
  }
}
