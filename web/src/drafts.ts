/** What somebody has typed and not cleared, by type of work; kept in this browser until they sign out. */
import type { Values } from './forms'

export type Drafts = Record<string, Values>

export function draftsOf(uid: string): Drafts {
  return JSON.parse(localStorage.getItem(name(uid)) ?? '{}')
}

export function keepDrafts(uid: string, drafts: Drafts): void {
  localStorage.setItem(name(uid), JSON.stringify(drafts))
}

export function forgetDrafts(uid: string): void {
  localStorage.removeItem(name(uid))
}

function name(uid: string): string {
  return `draft:${uid}`
}
