/** The users of the local stack, where the page offers a choice instead of a sign-in. */
import { initializeApp } from '@firebase/app'

import { createUnsignedToken } from '../client'
import type { Config } from '../config'
import { readText, writeText } from '../storage/browserStorage'
import type { User } from './user'

const STORAGE_KEY = 'person'

/** Each user has an app of their own, so that two users in two tabs share neither cache nor connection. */
export function createLocalUser(config: Config, uid: string): User {
  const name = uid.charAt(0).toUpperCase() + uid.slice(1)
  const app = initializeApp(config.firebase, uid)
  return { uid, name, app, token: () => Promise.resolve(createUnsignedToken(uid, config.firebase.projectId)) }
}

/** The user of this tab, else of the last tab, else the first of the list. */
export function restoreLocalUser(uids: string[]): string | undefined {
  const stored = [readText('sessionStorage', STORAGE_KEY), readText('localStorage', STORAGE_KEY)]
  return stored.find((each) => each !== null && uids.includes(each)) ?? uids[0]
}

export function storeLocalUser(uid: string): void {
  writeText('sessionStorage', STORAGE_KEY, uid)
  writeText('localStorage', STORAGE_KEY, uid)
}
