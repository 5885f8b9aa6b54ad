/** Checks a form's values before they are sent, and finds the fields that the API's errors belong to. */
import type { FieldError } from '../client'
import { capitalize } from '../display/text'
import type { Field } from './fields'
import { lengthOf, type Value, type Values } from './values'

/** Error messages by field name; `''` is the form as a whole. */
export type Errors = Record<string, string>

export function validate(fields: Field[], values: Values): Errors {
  const messages = fields.map((field) => [field.name, validateValue(field, values[field.name] ?? '')] as const)
  return Object.fromEntries(messages.filter(([, message]) => message))
}

function validateValue(field: Field, value: Value): string {
  if (field.kind === 'flag') return ''
  const given = String(value).trim()
  if (!given) return field.isRequired ? 'Please fill this in.' : ''
  if (field.kind === 'number') return validateNumber(field, given)
  if (field.kind === 'json') return isJson(given) ? '' : 'This is not valid JSON.'
  if (field.kind === 'choice') return field.options.includes(given) ? '' : 'Please choose one of these.'
  return validateText(field, given)
}

function validateText({ kind, maxLength, pattern }: Field, given: string): string {
  const length = lengthOf(given)
  if (maxLength !== undefined && length > maxLength) return `At most ${maxLength} characters; these are ${length}.`
  if (pattern === undefined || new RegExp(pattern).test(given)) return ''
  return kind === 'colour' ? 'Please enter a colour like #1F5C63.' : 'This does not have the expected format.'
}

function validateNumber(field: Field, given: string): string {
  const { isInteger, minimum, maximum, exclusiveMinimum, exclusiveMaximum } = field
  const value = Number(given)
  if (!Number.isFinite(value)) return 'This is not a number.'
  if (isInteger && !Number.isInteger(value)) return 'Please enter a whole number.'
  if (minimum !== undefined && value < minimum) return `At least ${minimum}.`
  if (maximum !== undefined && value > maximum) return `At most ${maximum}.`
  if (exclusiveMinimum !== undefined && value <= exclusiveMinimum) return `More than ${exclusiveMinimum}.`
  if (exclusiveMaximum !== undefined && value >= exclusiveMaximum) return `Less than ${exclusiveMaximum}.`
  return ''
}

/** The API's errors by field, by `run_at`, or for the form as a whole. The requests of a batch have the same content. */
export function errorsOf(fieldErrors: FieldError[], fields: Field[]): Errors {
  const errors: Errors = {}
  for (const { pointer, detail } of fieldErrors) {
    const [first = '', second = ''] = pointer
      .replace(/^\/requests\/\d+/, '')
      .split('/')
      .slice(1)
    const name = first === 'input' ? second : first
    const isKnown = name === 'run_at' || fields.some((field) => field.name === name)
    errors[isKnown ? name : ''] ??= toSentence(detail)
  }
  return errors
}

function toSentence(text: string): string {
  return capitalize(text) + (/[.!?]$/.test(text) ? '' : '.')
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
