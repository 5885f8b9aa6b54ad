/** Opens Firestore with a cache that all tabs share, so that they also share one connection. */
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
} from '@firebase/firestore'

import type { Claims } from './tokens'

interface DatabaseOptions {
  name: string
  emulator: string | undefined
  claims: Claims
}

export function openDatabase(app: FirebaseApp, { name, emulator, claims }: DatabaseOptions): Firestore {
  setLogLevel('silent') // `onState` reports failures
  const localCache = persistentLocalCache({ tabManager: persistentMultipleTabManager() })
  const db = initializeFirestore(app, { localCache }, name)
  if (emulator) {
    const [host = '', port] = emulator.split(':')
    const { sub, tenant } = claims
    connectFirestoreEmulator(db, host, Number(port), { mockUserToken: { sub, ...(tenant ? { tenant } : {}) } })
  }
  return db
}

/** `forget` also deletes the cache in this browser, unless another tab still uses it. */
export async function closeDatabase(db: Firestore, { forget = false } = {}): Promise<void> {
  await terminate(db)
  if (forget) await clearIndexedDbPersistence(db).catch(() => {})
}
