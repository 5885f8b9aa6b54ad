/** The values of a form's fields, and the input that they stand for. */
import type { Field } from './fields'

export type Value = string | boolean
export type Values = Record<string, Value>

export function initialValues(fields: Field[]): Values {
  return Object.fromEntries(fields.map((field) => [field.name, field.initial]))
}

/** The initial values, replaced by those of a draft. The form may have changed since. */
export function restoreDraft(fields: Field[], draft: Values = {}): Values {
  const given = fields.map(({ name, initial }) => [
    name,
    typeof draft[name] === typeof initial ? draft[name]! : initial,
  ])
  return Object.fromEntries(given)
}

/** The values for an earlier request's input. The form may have changed since. */
export function valuesOf(fields: Field[], input: Record<string, unknown>): Values {
  return Object.fromEntries(fields.map((field) => [field.name, valueOf(field, input[field.name])]))
}

function valueOf(field: Field, given: unknown): Value {
  if (field.kind === 'flag') return given === true
  if (given === undefined || given === null) return ''
  return field.kind === 'json' ? JSON.stringify(given) : String(given)
}

/** The input for valid values. Empty fields are omitted. */
export function inputOf(fields: Field[], values: Values): Record<string, unknown> {
  const given = fields.map((field) => [field.name, parseValue(field, values[field.name] ?? '')] as const)
  return Object.fromEntries(given.filter(([, value]) => value !== undefined))
}

function parseValue(field: Field, value: Value): unknown {
  if (typeof value === 'boolean') return value
  const given = value.trim()
  if (!given) return undefined
  if (field.kind === 'number') return Number(given)
  return field.kind === 'json' ? JSON.parse(given) : given
}

/** Counts as the API does: characters rather than UTF-16 units, without surrounding spaces. */
export function lengthOf(value: Value): number {
  return [...String(value).trim()].length
}
