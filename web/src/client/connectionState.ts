/** The state of the connection, computed from the browser, the listeners and what the service refuses. */
import type { Listener } from './listener'

/** The session has ended, or this user no longer has access. */
export type Refusal = 'signed-out' | 'revoked'

/** `broken`: the service itself is at fault, for example an index is missing; the console shows the error. */
export type ConnectionState = 'connecting' | 'live' | 'reconnecting' | 'offline' | 'broken' | Refusal

interface Facts {
  refusal: Refusal | undefined
  isOnline: boolean
  listeners: Pick<Listener, 'isBroken' | 'isConfirmed' | 'isLate'>[]
  previous: ConnectionState
}

export function computeState({ refusal, isOnline, listeners, previous }: Facts): ConnectionState {
  if (refusal) return refusal
  if (!isOnline) return 'offline'
  if (listeners.some(({ isBroken }) => isBroken)) return 'broken'
  if (listeners.some(({ isLate }) => isLate)) return 'reconnecting'
  if (previous === 'live') return 'live'
  return listeners.length && listeners.every(({ isConfirmed }) => isConfirmed) ? 'live' : 'connecting'
}
