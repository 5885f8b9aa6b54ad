/** A form's fields from the JSON Schema of a type of work. */
import { humanize } from '../display/text'
import type { Value } from './values'

type Schema = { [keyword: string]: unknown }
type Kind = 'line' | 'text' | 'number' | 'flag' | 'choice' | 'colour' | 'json'

export interface Field {
  name: string
  label: string
  help: string
  kind: Kind
  isRequired: boolean
  initial: Value
  example: string
  options: string[]
  isInteger: boolean
  maxLength: number | undefined
  pattern: string | undefined
  minimum: number | undefined
  maximum: number | undefined
  exclusiveMinimum: number | undefined
  exclusiveMaximum: number | undefined
}

/** A longer text gets more than one line. */
const MAX_LINE_LENGTH = 150
/** A pattern that accepts this is a pattern for colours. */
const HEX_COLOUR = '#12aBcF'

export function fieldsOf(schema: Schema): Field[] {
  const properties = asObject(schema['properties'])
  const required = asArray(schema['required'])
  return Object.entries(properties).map(([name, property]) =>
    fieldOf(name, asObject(property), schema, required.includes(name)),
  )
}

function fieldOf(name: string, property: Schema, root: Schema, isRequired: boolean): Field {
  const schema = { ...resolve(withoutNull(property, root), root), ...property }
  const options = optionsOf(schema)
  const kind = kindOf(schema, options)
  const [example] = asArray(schema['examples'])
  return {
    name,
    label: asText(schema['title']) ?? humanize(name),
    help: asText(schema['description']) ?? '',
    kind,
    isRequired,
    initial: initialOf(schema, kind, options, isRequired),
    example: example === undefined ? '' : String(example),
    options,
    isInteger: schema['type'] === 'integer',
    maxLength: asNumber(schema['maxLength']),
    pattern: asText(schema['pattern']),
    minimum: asNumber(schema['minimum']),
    maximum: asNumber(schema['maximum']),
    exclusiveMinimum: asNumber(schema['exclusiveMinimum']),
    exclusiveMaximum: asNumber(schema['exclusiveMaximum']),
  }
}

/** The schema in "schema or null". An empty field means null. */
function withoutNull(property: Schema, root: Schema): Schema {
  const choices = property['anyOf'] ?? property['oneOf']
  if (!Array.isArray(choices)) return property
  const others = choices.map(asObject).filter((each) => resolve(each, root)['type'] !== 'null')
  return others.length === 1 ? asObject(others[0]) : {}
}

function resolve(schema: Schema, root: Schema): Schema {
  const name = asText(schema['$ref'])?.match(/^#\/\$defs\/(.+)$/)?.[1]
  return name ? asObject(asObject(root['$defs'])[name]) : schema
}

function optionsOf(schema: Schema): string[] {
  if (schema['const'] !== undefined) return [String(schema['const'])]
  return asArray(schema['enum']).map(String)
}

function kindOf({ type, pattern, maxLength }: Schema, options: string[]): Kind {
  if (type === 'boolean') return 'flag'
  if (type === 'number' || type === 'integer') return 'number'
  if (options.length) return 'choice'
  if (type !== 'string') return 'json'
  if (typeof pattern === 'string' && pattern.includes('#') && new RegExp(pattern).test(HEX_COLOUR)) return 'colour'
  return typeof maxLength === 'number' && maxLength > MAX_LINE_LENGTH ? 'text' : 'line'
}

function initialOf(schema: Schema, kind: Kind, options: string[], isRequired: boolean): Value {
  const given = schema['default']
  if (kind === 'flag') return given === true
  if (given !== undefined && given !== null) return kind === 'json' ? JSON.stringify(given) : String(given)
  return isRequired ? (options[0] ?? '') : ''
}

function asObject(value: unknown): Schema {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Schema) : {}
}

function asArray(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}

function asText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function asNumber(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined
}
