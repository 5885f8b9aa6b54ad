/** Why the service refused a call or a listener. */
import type { Refusal } from './connectionState'
import { Problem, type TokenSource, Unreachable } from './http'
import type { RefusalReason, Target } from './listener'

/** The refusal in the answer to a call, if it is one. */
export function refusalOf(error: unknown): Refusal | undefined {
  if (!(error instanceof Problem)) return undefined
  return error.status === 401 ? 'signed-out' : error.status === 403 ? 'revoked' : undefined
}

interface Sources {
  token: TokenSource
  getRequest(id: string): Promise<unknown>
  onSignedOut(): void
}

/** Requests a fresh token, since the old one may have expired, and checks with the API whether the request exists. */
export async function findRefusalReason(target: Target, sources: Sources): Promise<RefusalReason> {
  try {
    await sources.token(true)
  } catch (error) {
    if (error instanceof Unreachable) return 'unknown'
    sources.onSignedOut()
    return 'retry'
  }
  if (typeof target !== 'string') return 'retry'
  try {
    await sources.getRequest(target)
  } catch (error) {
    if (error instanceof Problem && (error.status === 404 || error.status === 410)) return 'deleted'
    if (error instanceof Unreachable || (error instanceof Problem && error.status >= 500)) return 'unknown'
  }
  return 'retry'
}
