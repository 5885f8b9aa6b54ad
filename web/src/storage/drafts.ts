/** What the user has typed into the form, by type of work. The browser keeps it until the user signs out. */
import type { Values } from '../forms/values'

type Drafts = Record<string, Values>

export function loadDrafts(uid: string): Drafts {
  return JSON.parse(localStorage.getItem(storageKey(uid)) ?? '{}')
}

/** Without values, deletes the draft. Reads the other types' drafts again, since another tab may have changed them. */
export function saveDraft(uid: string, type: string, values: Values | undefined): void {
  localStorage.setItem(storageKey(uid), JSON.stringify({ ...loadDrafts(uid), [type]: values }))
}

export function deleteDrafts(uid: string): void {
  localStorage.removeItem(storageKey(uid))
}

function storageKey(uid: string): string {
  return `draft:${uid}`
}
