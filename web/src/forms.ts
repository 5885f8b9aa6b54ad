/** A form's fields from a type's JSON Schema, and what people put into them back into an input. */
export type Schema = { [keyword: string]: unknown }
export type Value = string | boolean
export type Values = Record<string, Value>
export type Errors = Record<string, string>
export type Kind = 'line' | 'text' | 'number' | 'flag' | 'choice' | 'colour' | 'json'

export interface Field {
  name: string
  label: string
  help: string
  kind: Kind
  required: boolean
  initial: Value
  example: string
  options: string[]
  whole: boolean
  maxLength: number | undefined
  pattern: string | undefined
  minimum: number | undefined
  maximum: number | undefined
  above: number | undefined
  below: number | undefined
}

const LONG_TEXT = 150
const HEX_COLOUR = '#12aBcF'

export function fieldsOf(schema: Schema): Field[] {
  const properties = objectOf(schema['properties'])
  const required = Array.isArray(schema['required']) ? schema['required'] : []
  return Object.entries(properties).map(([name, property]) =>
    fieldOf(name, objectOf(property), schema, required.includes(name)),
  )
}

function fieldOf(name: string, property: Schema, root: Schema, required: boolean): Field {
  const one = { ...resolved(alternative(property, root), root), ...property }
  const options = optionsOf(one)
  const kind = kindOf(one, options)
  const examples = Array.isArray(one['examples']) ? one['examples'] : []
  return {
    name,
    label: text(one['title']) ?? humanised(name),
    help: text(one['description']) ?? '',
    kind,
    required,
    initial: initialOf(one, kind, options, required),
    example: examples.length ? String(examples[0]) : '',
    options,
    whole: one['type'] === 'integer',
    maxLength: number(one['maxLength']),
    pattern: text(one['pattern']),
    minimum: number(one['minimum']),
    maximum: number(one['maximum']),
    above: number(one['exclusiveMinimum']),
    below: number(one['exclusiveMaximum']),
  }
}

/** Of "this or null", this: whoever wants null leaves the field empty. */
function alternative(property: Schema, root: Schema): Schema {
  const choices = property['anyOf'] ?? property['oneOf']
  if (!Array.isArray(choices)) return property
  const others = choices.map(objectOf).filter((each) => resolved(each, root)['type'] !== 'null')
  return others.length === 1 ? objectOf(others[0]) : {}
}

function resolved(schema: Schema, root: Schema): Schema {
  const name = text(schema['$ref'])?.match(/^#\/\$defs\/(.+)$/)?.[1]
  return name ? objectOf(objectOf(root['$defs'])[name]) : schema
}

function optionsOf(schema: Schema): string[] {
  if (schema['const'] !== undefined) return [String(schema['const'])]
  return Array.isArray(schema['enum']) ? schema['enum'].map(String) : []
}

function kindOf(schema: Schema, options: string[]): Kind {
  const { type, pattern, maxLength } = schema
  if (type === 'boolean') return 'flag'
  if (type === 'number' || type === 'integer') return 'number'
  if (options.length) return 'choice'
  if (type !== 'string') return 'json'
  if (typeof pattern === 'string' && pattern.includes('#') && new RegExp(pattern).test(HEX_COLOUR)) return 'colour'
  return typeof maxLength === 'number' && maxLength > LONG_TEXT ? 'text' : 'line'
}

function initialOf(schema: Schema, kind: Kind, options: string[], required: boolean): Value {
  const given = schema['default']
  if (kind === 'flag') return given === true
  if (given !== undefined && given !== null) return kind === 'json' ? JSON.stringify(given) : String(given)
  return required && options.length ? (options[0] ?? '') : ''
}

export function initialValues(fields: Field[]): Values {
  return Object.fromEntries(fields.map((field) => [field.name, field.initial]))
}

/** Values of an earlier request, for a form that may have changed since. */
export function valuesOf(fields: Field[], input: Record<string, unknown>): Values {
  return Object.fromEntries(fields.map((field) => [field.name, valueOf(field, input[field.name])]))
}

function valueOf(field: Field, given: unknown): Value {
  if (given === undefined || given === null) return field.kind === 'flag' ? false : ''
  if (field.kind === 'flag') return given === true
  return field.kind === 'json' ? JSON.stringify(given) : String(given)
}

/** As the API counts them: characters, not UTF-16 units, without space around. */
export function lengthOf(value: Value): number {
  return [...String(value).trim()].length
}

export function validate(fields: Field[], values: Values): Errors {
  const found = fields.map((field) => [field.name, fault(field, values[field.name] ?? '')] as const)
  return Object.fromEntries(found.filter(([, message]) => message))
}

function fault(field: Field, value: Value): string {
  if (field.kind === 'flag') return ''
  const given = String(value).trim()
  if (!given) return field.required ? 'Please fill this in.' : ''
  if (field.kind === 'number') return faultOfNumber(field, given)
  if (field.kind === 'json') return isJson(given) ? '' : 'This is not valid JSON.'
  if (field.kind === 'choice') return field.options.includes(given) ? '' : 'Please choose one of these.'
  const length = lengthOf(given)
  if (field.maxLength !== undefined && length > field.maxLength) {
    return `At most ${field.maxLength} characters; these are ${length}.`
  }
  if (field.pattern !== undefined && !new RegExp(field.pattern).test(given)) {
    return field.kind === 'colour' ? 'A colour is written like #1F5C63.' : 'This does not have the expected form.'
  }
  return ''
}

function faultOfNumber({ whole, minimum, maximum, above, below }: Field, given: string): string {
  const value = Number(given)
  if (!Number.isFinite(value)) return 'This is not a number.'
  if (whole && !Number.isInteger(value)) return 'Please give a whole number.'
  if (minimum !== undefined && value < minimum) return `At least ${minimum}.`
  if (maximum !== undefined && value > maximum) return `At most ${maximum}.`
  if (above !== undefined && value <= above) return `More than ${above}.`
  if (below !== undefined && value >= below) return `Less than ${below}.`
  return ''
}

/** What is sent: valid values only, nothing for what was left empty. */
export function inputOf(fields: Field[], values: Values): Record<string, unknown> {
  const given = fields.map((field) => [field.name, sent(field, values[field.name] ?? '')] as const)
  return Object.fromEntries(given.filter(([, value]) => value !== undefined))
}

function sent(field: Field, value: Value): unknown {
  if (typeof value === 'boolean') return value
  const given = value.trim()
  if (!given) return undefined
  if (field.kind === 'number') return Number(given)
  return field.kind === 'json' ? JSON.parse(given) : given
}

/** Where the API's faults belong: to fields by name, to `run_at`, or to the form as a whole (''). */
export function errorsOf(faults: { pointer: string; detail: string }[], fields: Field[]): Errors {
  const errors: Errors = {}
  for (const { pointer, detail } of faults) {
    const [first = '', second = ''] = pointer.replace(/^\/requests\/\d+/, '').split('/').slice(1)
    const name = first === 'input' ? second : first
    const known = name === 'run_at' || fields.some((field) => field.name === name)
    errors[known ? name : ''] ??= sentence(detail)
  }
  return errors
}

export function humanised(name: string): string {
  const words = name.replaceAll('_', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}

function sentence(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1) + (/[.!?]$/.test(words) ? '' : '.')
}

function isJson(given: string): boolean {
  try {
    JSON.parse(given)
    return true
  } catch {
    return false
  }
}

function objectOf(value: unknown): Schema {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Schema) : {}
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function number(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined
}
