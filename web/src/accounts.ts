/** Sign-in by Firebase Auth. Loaded only where it is used: the local stack never loads it. */
import { initializeApp } from '@firebase/app'
import {
  type AuthError,
  browserLocalPersistence,
  browserPopupRedirectResolver,
  GoogleAuthProvider,
  indexedDBLocalPersistence,
  initializeAuth,
  isSignInWithEmailLink,
  onAuthStateChanged,
  sendPasswordResetEmail,
  sendSignInLinkToEmail,
  signInWithEmailAndPassword,
  signInWithEmailLink,
  signInWithPopup,
  signOut,
  type User,
} from '@firebase/auth'

import type { Config } from './config'
import { Unreachable } from './http'
import type { Person } from './people'

const ADDRESS = 'sign-in-address' // the link may be opened in another tab of this browser

export type Accounts = ReturnType<typeof accounts>

export function accounts(config: Config, changed: (person: Person | null) => void) {
  const app = initializeApp(config.firebase)
  const auth = initializeAuth(app, { persistence: [indexedDBLocalPersistence, browserLocalPersistence] })
  auth.useDeviceLanguage()
  onAuthStateChanged(auth, (user) => changed(user && personOf(user)))

  function personOf(user: User): Person {
    const name = user.displayName ?? user.email ?? 'Signed in'
    return { uid: user.uid, name, app, token: (fresh) => user.getIdToken(fresh).catch(withoutNetwork) }
  }

  return {
    /** Whether the page was opened by the link of an e-mail. */
    byLink: isSignInWithEmailLink(auth, location.href),
    address: localStorage.getItem(ADDRESS) ?? '',
    withGoogle: () => signInWithPopup(auth, new GoogleAuthProvider(), browserPopupRedirectResolver),
    withPassword: (address: string, password: string) => signInWithEmailAndPassword(auth, address, password),
    resetPassword: (address: string) => sendPasswordResetEmail(auth, address),

    async sendLink(address: string) {
      const url = location.origin + location.pathname
      await sendSignInLinkToEmail(auth, address, { url, handleCodeInApp: true })
      localStorage.setItem(ADDRESS, address)
    },

    async withLink(address: string) {
      await signInWithEmailLink(auth, address, location.href)
      localStorage.removeItem(ADDRESS)
      history.replaceState(null, '', location.pathname)
    },

    signOut: () => signOut(auth),
    wordsFor,
  }
}

function withoutNetwork(error: AuthError): never {
  throw error.code === 'auth/network-request-failed' ? new Unreachable() : error
}

const WORDS: Record<string, string> = {
  'auth/invalid-credential': 'This address and password do not belong together.',
  'auth/wrong-password': 'This address and password do not belong together.',
  'auth/user-not-found': 'This address and password do not belong together.',
  'auth/invalid-email': 'This is not an e-mail address.',
  'auth/user-disabled': 'This account has been closed. Ask whoever looks after it.',
  'auth/too-many-requests': 'Too many attempts. Wait a few minutes, then try again.',
  'auth/network-request-failed': 'There is no connection. Try again when there is.',
  'auth/popup-blocked': 'The browser has blocked the window to sign in. Allow it, then try again.',
  'auth/expired-action-code': 'This link has expired. Ask for a new one.',
  'auth/invalid-action-code': 'This link has been used or has expired. Ask for a new one.',
}

/** What went wrong in words; nothing if somebody just closed the window. */
function wordsFor(error: unknown): string {
  if (error instanceof Unreachable) return error.message
  const { code = '' } = error as Partial<AuthError>
  if (code === 'auth/popup-closed-by-user' || code === 'auth/cancelled-popup-request') return ''
  return WORDS[code] ?? 'That did not work. Try again.'
}
