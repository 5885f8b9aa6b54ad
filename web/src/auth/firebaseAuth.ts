/** Sign-in with Firebase Auth. Loaded only where it is used; the local stack never loads it. */
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
  type User as FirebaseUser,
} from '@firebase/auth'

import type { Config } from '../config'
import type { BrowserStorage } from '../storage/browserStorage'
import type { User } from './user'

const ADDRESS_KEY = 'sign-in-address' // the link may open in another tab of this browser
/** The session is over. After any other error, a token may be available again a moment later. */
const SESSION_OVER = ['auth/user-token-expired', 'auth/user-disabled', 'auth/invalid-refresh-token']
const LINK_UNUSABLE = ['auth/expired-action-code', 'auth/invalid-action-code']

export type FirebaseAuth = ReturnType<typeof startFirebaseAuth>

interface Options {
  onUserChange(user: User | null): void
  /** Thrown by the user's token source without a network. Imports from here would split the page's file. */
  Unreachable: new () => Error
  storage: BrowserStorage
}

export function startFirebaseAuth(config: Config, { onUserChange, Unreachable, storage }: Options) {
  const app = initializeApp(config.firebase)
  const auth = initializeAuth(app, { persistence: [indexedDBLocalPersistence, browserLocalPersistence] })
  auth.useDeviceLanguage()
  onAuthStateChanged(auth, (user) => {
    if (user) forgetLink()
    onUserChange(user && toUser(user))
  })

  function toUser(user: FirebaseUser): User {
    const name = user.displayName ?? user.email ?? 'Signed in'
    return { uid: user.uid, name, app, token: (fresh) => user.getIdToken(fresh).catch(rethrow) }
  }

  function rethrow(error: unknown): never {
    throw SESSION_OVER.includes(codeOf(error)) ? error : new Unreachable()
  }

  function isEmailLink(): boolean {
    return isSignInWithEmailLink(auth, location.href)
  }

  function removeLinkFromUrl(): void {
    if (isEmailLink()) history.replaceState(null, '', location.pathname)
  }

  function forgetLink(): void {
    storage.writeText('localStorage', ADDRESS_KEY, null)
    removeLinkFromUrl()
  }

  /** Empty if the user has just closed Google's window. */
  function messageFor(error: unknown): string {
    const code = codeOf(error)
    if (code === 'auth/popup-closed-by-user' || code === 'auth/cancelled-popup-request') return ''
    if (code === 'auth/invalid-email' && isEmailLink()) return 'This link was sent to another address.'
    return MESSAGES[code] ?? 'Something went wrong. Try again.'
  }

  return {
    /** Whether the page was opened from the link in an e-mail, and the link may still be valid. */
    get isEmailLink() {
      return isEmailLink()
    },
    /** The address to which a link was sent that has not been used yet. */
    get pendingAddress() {
      return storage.readText('localStorage', ADDRESS_KEY) ?? ''
    },
    signInWithGoogle: () => signInWithPopup(auth, new GoogleAuthProvider(), browserPopupRedirectResolver),
    signInWithPassword: (address: string, password: string) => signInWithEmailAndPassword(auth, address, password),

    /** Does not reveal whether the account exists. */
    async resetPassword(address: string) {
      await sendPasswordResetEmail(auth, address).catch((error) => {
        if (codeOf(error) !== 'auth/user-not-found') throw error
      })
    },

    async sendLink(address: string) {
      const url = location.origin + location.pathname
      await sendSignInLinkToEmail(auth, address, { url, handleCodeInApp: true })
      storage.writeText('localStorage', ADDRESS_KEY, address)
    },

    async signInWithLink(address: string) {
      await signInWithEmailLink(auth, address, location.href).catch((error) => {
        if (LINK_UNUSABLE.includes(codeOf(error))) removeLinkFromUrl()
        throw error
      })
    },

    signOut: () => signOut(auth),
    messageFor,
  }
}

function codeOf(error: unknown): string {
  return (error as Partial<AuthError>).code ?? ''
}

const MESSAGES: Record<string, string> = {
  'auth/invalid-credential': 'The e-mail address or the password is wrong.',
  'auth/wrong-password': 'The e-mail address or the password is wrong.',
  'auth/user-not-found': 'The e-mail address or the password is wrong.',
  'auth/invalid-email': 'This is not a valid e-mail address.',
  'auth/user-disabled': 'This account is disabled. Contact your administrator.',
  'auth/too-many-requests': 'Too many attempts. Wait a few minutes, then try again.',
  'auth/network-request-failed': 'You are not connected. Check your connection, then try again.',
  'auth/admin-restricted-operation': 'There is no account with this address. Contact your administrator.',
  'auth/popup-blocked': 'The browser blocked the sign-in window. Allow pop-ups for this page, then try again.',
  'auth/expired-action-code': 'This link has expired. Request a new one.',
  'auth/invalid-action-code': 'This link has expired or was already used. Request a new one.',
}
