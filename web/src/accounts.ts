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
/** What a token is refused with once the sign-in is over; after anything else it may be had a moment later. */
const OVER = ['auth/user-token-expired', 'auth/user-disabled', 'auth/invalid-refresh-token']
const SPENT = ['auth/expired-action-code', 'auth/invalid-action-code']

export type Accounts = ReturnType<typeof accounts>

export function accounts(config: Config, changed: (person: Person | null) => void) {
  const app = initializeApp(config.firebase)
  const auth = initializeAuth(app, { persistence: [indexedDBLocalPersistence, browserLocalPersistence] })
  auth.useDeviceLanguage()
  onAuthStateChanged(auth, (user) => {
    if (user) forgetLink()
    changed(user && personOf(user))
  })

  function personOf(user: User): Person {
    const name = user.displayName ?? user.email ?? 'Signed in'
    return { uid: user.uid, name, app, token: (fresh) => user.getIdToken(fresh).catch(withoutToken) }
  }

  function isByLink(): boolean {
    return isSignInWithEmailLink(auth, location.href)
  }

  function leaveLink(): void {
    if (isByLink()) history.replaceState(null, '', location.pathname)
  }

  function forgetLink(): void {
    localStorage.removeItem(ADDRESS)
    leaveLink()
  }

  /** What went wrong in words; nothing if somebody just closed the window. */
  function wordsFor(error: unknown): string {
    if (error instanceof Unreachable) return error.message
    const code = codeOf(error)
    if (code === 'auth/popup-closed-by-user' || code === 'auth/cancelled-popup-request') return ''
    if (code === 'auth/invalid-email' && isByLink()) return 'The link was sent to another address.'
    return WORDS[code] ?? 'That did not work. Try again.'
  }

  return {
    /** Whether the page was opened by the link of an e-mail that may still be of use. */
    get byLink() {
      return isByLink()
    },
    /** Where a link was sent to that nobody has used yet. */
    get address() {
      return localStorage.getItem(ADDRESS) ?? ''
    },
    withGoogle: () => signInWithPopup(auth, new GoogleAuthProvider(), browserPopupRedirectResolver),
    withPassword: (address: string, password: string) => signInWithEmailAndPassword(auth, address, password),

    /** Does not tell whether there is such an account. */
    async resetPassword(address: string) {
      await sendPasswordResetEmail(auth, address).catch((error) => {
        if (codeOf(error) !== 'auth/user-not-found') throw error
      })
    },

    async sendLink(address: string) {
      const url = location.origin + location.pathname
      await sendSignInLinkToEmail(auth, address, { url, handleCodeInApp: true })
      localStorage.setItem(ADDRESS, address)
    },

    async withLink(address: string) {
      await signInWithEmailLink(auth, address, location.href).catch((error) => {
        if (SPENT.includes(codeOf(error))) leaveLink()
        throw error
      })
    },

    signOut: () => signOut(auth),
    wordsFor,
  }
}

function withoutToken(error: unknown): never {
  throw OVER.includes(codeOf(error)) ? error : new Unreachable()
}

function codeOf(error: unknown): string {
  return (error as Partial<AuthError>).code ?? ''
}

const WORDS: Record<string, string> = {
  'auth/invalid-credential': 'This address and password do not belong together.',
  'auth/wrong-password': 'This address and password do not belong together.',
  'auth/user-not-found': 'This address and password do not belong together.',
  'auth/invalid-email': 'This is not an e-mail address.',
  'auth/user-disabled': 'This account has been closed. Ask whoever looks after it.',
  'auth/too-many-requests': 'Too many attempts. Wait a few minutes, then try again.',
  'auth/network-request-failed': 'There is no connection. Try again when there is.',
  'auth/admin-restricted-operation': 'There is no account with this address. Ask whoever looks after them.',
  'auth/popup-blocked': 'The browser has blocked the window to sign in. Allow it, then try again.',
  'auth/expired-action-code': 'This link has expired. Ask for a new one.',
  'auth/invalid-action-code': 'This link has been used or has expired. Ask for a new one.',
}
