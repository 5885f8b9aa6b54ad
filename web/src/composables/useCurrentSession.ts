/** Opens a session when a user signs in, and closes it when the user signs out or the session expires. */
import { onMounted, onUnmounted, shallowRef } from 'vue'

import type { FirebaseAuth } from '../auth/firebaseAuth'
import { createLocalUser, restoreLocalUser, storeLocalUser } from '../auth/localUsers'
import type { User } from '../auth/user'
import { Unreachable } from '../client'
import type { Config } from '../config'
import { isStorageFailing, readText, writeText } from '../storage/browserStorage'
import { deleteDrafts, loadDrafts } from '../storage/drafts'
import { deleteAnsweredIntents, deleteIntents } from '../storage/intents'
import type { Notifications } from './useNotifications'
import { openSession, type Session } from './useSession'

/** A frozen tab can block the deletion of the cache. The next session does not wait longer than this. */
const CLEANUP_TIMEOUT_MS = 3_000

export function useCurrentSession(config: Config, notifications: Notifications) {
  const session = shallowRef<Session>()
  const auth = shallowRef<FirebaseAuth>()
  const isSignedOut = shallowRef(false)
  /** Why the user has to sign in again; empty after a sign-out. */
  const signInReason = shallowRef('')
  /** The step that failed for lack of a connection. */
  const failedStep = shallowRef<() => Promise<void>>()
  const isRetrying = shallowRef(false)
  /** The uid until the user signs out or the session expires. */
  let currentUid: string | undefined
  /** Counts changes of the user, so that a slow step for an earlier user has no effect. */
  let turn = 0
  let cleanup: Promise<unknown> = Promise.resolve()
  /** Informs the other tabs of a sign-out before Firebase does. */
  const signOuts = openSignOutChannel()

  async function enter(user: User): Promise<void> {
    const thisTurn = ++turn
    leave()
    isSignedOut.value = false
    currentUid = user.uid
    await cleanup
    if (thisTurn !== turn) return
    try {
      const opened = await openSession(config, user, notifications)
      if (thisTurn !== turn) return opened.close()
      failedStep.value = undefined
      session.value = opened
    } catch (error) {
      if (thisTurn === turn) await handleTokenError(error, user)
    }
  }

  /** Without a token there is either no network to fetch one, or the user is no longer signed in. */
  async function handleTokenError(error: unknown, user: User): Promise<void> {
    if (error instanceof Unreachable) return void (failedStep.value = () => enter(user))
    failedStep.value = undefined
    if (!auth.value) return notifications.show('bad', 'Something went wrong. Reload the page.')
    signInReason.value = auth.value.messageFor(error)
    currentUid = undefined
    await auth.value.signOut()
  }

  function leave(options?: { forget: boolean }): void {
    const old = session.value
    session.value = undefined
    notifications.clear()
    if (!old) return
    const timeout = new Promise((resolve) => setTimeout(resolve, CLEANUP_TIMEOUT_MS))
    cleanup = Promise.race([old.close(options).catch(() => {}), timeout])
  }

  async function chooseLocalUser(uid: string): Promise<void> {
    storeLocalUser(uid)
    await enter(createLocalUser(config, uid))
  }

  /** The user signed out in this tab or another, or the account or the password has changed. */
  function onSignedOut(): void {
    turn++
    if (currentUid) {
      signInReason.value = expiryMessage(currentUid)
      deleteAnsweredIntents(currentUid)
    }
    currentUid = undefined
    leave({ forget: true })
    failedStep.value = undefined
    isSignedOut.value = true
  }

  /** Deletes the user's data from this browser. Data that cannot be deleted at once does not delay the sign-out. */
  async function signOut(): Promise<void> {
    if (currentUid) {
      signOuts?.postMessage(currentUid)
      forgetUser(currentUid)
    }
    leave({ forget: true })
    await auth.value?.signOut()
  }

  /** Each tab has intents of its own, and a draft of its own if the browser could not store it. */
  function forgetUser(uid: string): void {
    if (uid !== currentUid) return
    deleteDrafts(uid)
    deleteIntents(uid)
    currentUid = undefined
    signInReason.value = ''
  }
  if (signOuts) signOuts.onmessage = ({ data }) => forgetUser(data)

  /** Keeps the draft for the next session. */
  async function signInAgain(): Promise<void> {
    if (!auth.value) return location.reload()
    await auth.value.signOut()
  }

  async function loadAuth(): Promise<void> {
    const loaded = await import('../auth/firebaseAuth').catch(() => undefined)
    if (!loaded) return void (failedStep.value = reloadAuth)
    failedStep.value = undefined
    auth.value = loaded.startFirebaseAuth(config, {
      onUserChange: (user) => void (user ? enter(user) : onSignedOut()),
      Unreachable,
      storage: { readText, writeText },
    })
  }

  /** A browser may cache that the module failed to load, or a release may have replaced it: then only a reload helps. */
  async function reloadAuth(): Promise<void> {
    await loadAuth()
    if (!auth.value && navigator.onLine) location.reload()
  }

  async function retryFailedStep(): Promise<void> {
    if (!failedStep.value || isRetrying.value) return
    isRetrying.value = true
    await failedStep.value().finally(() => (isRetrying.value = false))
  }

  async function reopen(): Promise<void> {
    if (session.value) await enter(session.value.user)
  }

  function onPageHide(): void {
    void session.value?.close()
  }

  /** The browser has restored the page from its back/forward cache. */
  function onPageShow(event: PageTransitionEvent): void {
    if (event.persisted) void reopen()
  }

  onMounted(async () => {
    window.addEventListener('pagehide', onPageHide)
    window.addEventListener('pageshow', onPageShow)
    window.addEventListener('online', retryFailedStep)
    const uid = restoreLocalUser(config.emulator ? (config.users ?? []) : [])
    await (uid ? chooseLocalUser(uid) : loadAuth())
  })
  onUnmounted(() => {
    signOuts?.close()
    window.removeEventListener('pagehide', onPageHide)
    window.removeEventListener('pageshow', onPageShow)
    window.removeEventListener('online', retryFailedStep)
  })

  return {
    session,
    auth,
    isSignedOut,
    signInReason,
    failedStep,
    isRetrying,
    chooseLocalUser,
    signOut,
    signInAgain,
    retryFailedStep,
    reopen,
  }
}

/** Browsers that block storage can block channels too. */
function openSignOutChannel(): BroadcastChannel | undefined {
  try {
    return new BroadcastChannel('signs-out')
  } catch {
    return undefined
  }
}

function expiryMessage(uid: string): string {
  const draftKept = Object.keys(loadDrafts(uid)).length && !isStorageFailing.value ? ' Your draft is saved.' : ''
  return `Your session has expired. Sign in again to continue.${draftKept}`
}
