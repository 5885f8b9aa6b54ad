/** Groups and sizes of the fields of known types. Fields that are not listed here follow in a group without a title. */
import type { WorkType } from '../client'
import { humanize } from '../display/text'
import type { Field } from './fields'

export interface Group {
  title: string
  fields: Field[]
}

const GROUPS: Record<string, [title: string, names: string[]][]> = {
  medical_asset: [
    ['Content', ['primary_message', 'call_to_action']],
    ['Design', ['channel', 'brand_color']],
    ['Your practice', ['practice_name', 'practice_type', 'doctor_name', 'contact']],
  ],
}

/** Options that need more than their name. */
const OPTIONS: Record<string, { label: string; description: string }> = {
  social: { label: 'Social post', description: 'Square image with a caption' },
}

export function optionLabel(option: string): string {
  return OPTIONS[option]?.label ?? humanize(option)
}

export function optionDescription(option: string): string | undefined {
  return OPTIONS[option]?.description
}

/** Two of these fields fit into one row. */
const SHORT_FIELDS = new Set(['practice_name', 'practice_type'])

export function isShort({ kind, name }: Field): boolean {
  return kind === 'number' || kind === 'flag' || SHORT_FIELDS.has(name)
}

/** Types with groups come first. */
export function sortTypes(types: WorkType[]): WorkType[] {
  return types.toSorted((one, other) => Number(other.name in GROUPS) - Number(one.name in GROUPS))
}

export function groupFields(type: string, fields: Field[]): Group[] {
  const groups = (GROUPS[type] ?? []).map(([title, names]) => ({
    title,
    fields: names.flatMap((name) => fields.filter((field) => field.name === name)),
  }))
  const grouped = new Set(groups.flatMap((group) => group.fields))
  const rest = { title: '', fields: fields.filter((field) => !grouped.has(field)) }
  return [...groups, rest].filter((group) => group.fields.length)
}
