/** How the fields of a known type are grouped; what a schema has beyond that follows behind. */
import type { WorkType } from './api'
import { type Field, humanised } from './forms'

export interface Group {
  title: string
  fields: Field[]
}

const GROUPS: Record<string, [title: string, names: string[]][]> = {
  medical_asset: [
    ['What patients should know', ['primary_message', 'call_to_action']],
    ['How it looks', ['channel', 'brand_color']],
    ['Who speaks', ['practice_name', 'practice_type', 'doctor_name', 'contact']],
  ],
}

/** Options with a card of their own. */
export const CHOICES: Record<string, { label: string; about: string }> = {
  social: { label: 'Social post', about: 'Square image with a caption' },
}

export function choiceOf(option: string): string {
  return CHOICES[option]?.label ?? humanised(option)
}

/** Two of these fit into one line. */
const SHORT = new Set(['practice_name', 'practice_type'])

export function isShort({ kind, name }: Field): boolean {
  return kind === 'number' || kind === 'flag' || SHORT.has(name)
}

/** Those with a layout of their own come first. */
export function inOrder(types: WorkType[]): WorkType[] {
  return types.toSorted((one, other) => Number(other.name in GROUPS) - Number(one.name in GROUPS))
}

export function groupsOf(type: string, fields: Field[]): Group[] {
  const groups = (GROUPS[type] ?? []).map(([title, names]) => ({
    title,
    fields: names.flatMap((name) => fields.filter((field) => field.name === name)),
  }))
  const placed = new Set(groups.flatMap((group) => group.fields))
  const rest = { title: '', fields: fields.filter((field) => !placed.has(field)) }
  return [...groups, rest].filter((group) => group.fields.length)
}
