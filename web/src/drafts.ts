/** What somebody has typed and not cleared, by type of work; kept in this browser until they sign out. */
import type { Values } from './forms'

type Drafts = Record<string, Values>

export function draftsOf(uid: string): Drafts {
  return JSON.parse(localStorage.getItem(name(uid)) ?? '{}')
}

/** None forgets it. Other tabs may have kept those of other types since. */
export function keepDraft(uid: string, type: string, values: Values | undefined): void {
  localStorage.setItem(name(uid), JSON.stringify({ ...draftsOf(uid), [type]: values }))
}

export function forgetDrafts(uid: string): void {
  localStorage.removeItem(name(uid))
}

function name(uid: string): string {
  return `draft:${uid}`
}
