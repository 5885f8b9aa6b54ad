/** What the user has typed into the form, by type of work. The browser keeps it until the user signs out. */
import type { Values } from '../forms/values'
import { isRecord, readJson, writeText } from './browserStorage'

type Drafts = Record<string, Values>

/** Omits stored values that a form cannot have. */
export function loadDrafts(uid: string): Drafts {
  return Object.fromEntries(
    entriesOf(readJson('localStorage', storageKey(uid)))
      .filter(([, values]) => isRecord(values))
      .map(([type, values]) => [type, Object.fromEntries(entriesOf(values).filter(isFormValue)) as Values]),
  )
}

/** Without values, deletes the draft. Reads the other types' drafts again, since another tab may have changed them. */
export function saveDraft(uid: string, type: string, values: Values | undefined): void {
  writeText('localStorage', storageKey(uid), JSON.stringify({ ...loadDrafts(uid), [type]: values }))
}

export function deleteDrafts(uid: string): void {
  writeText('localStorage', storageKey(uid), null)
}

function entriesOf(value: unknown): [string, unknown][] {
  return isRecord(value) ? Object.entries(value) : []
}

function isFormValue([, value]: [string, unknown]): boolean {
  return typeof value === 'string' || typeof value === 'boolean'
}

function storageKey(uid: string): string {
  return `draft:${uid}`
}
