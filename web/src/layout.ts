/** How the fields of a known type are grouped; what a schema has beyond that follows behind. */
import type { Field } from './forms'

export interface Group {
  title: string
  fields: Field[]
}

const GROUPS: Record<string, [title: string, names: string[]][]> = {
  medical_asset: [
    ['What patients should know', ['primary_message', 'call_to_action']],
    ['Who speaks', ['practice_name', 'practice_type', 'doctor_name', 'contact']],
    ['How it looks', ['channel', 'brand_color']],
  ],
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
