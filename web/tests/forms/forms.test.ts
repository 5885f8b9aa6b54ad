import { describe, expect, test } from 'vitest'

import { fieldsOf } from '../../src/forms/fields'
import { errorsOf, validate } from '../../src/forms/validation'
import { initialValues, inputOf, lengthOf, valuesOf } from '../../src/forms/values'

const SCHEMA = {
  type: 'object',
  required: ['message', 'channel', 'size'],
  properties: {
    message: { type: 'string', title: 'Message', maxLength: 400, examples: ['Hello'] },
    name: { anyOf: [{ type: 'string', maxLength: 5 }, { type: 'null' }], default: null },
    channel: { const: 'social', type: 'string' },
    size: { $ref: '#/$defs/Size' },
    colour: { anyOf: [{ type: 'string', pattern: '^#[0-9A-Fa-f]{6}$' }, { type: 'null' }], default: null },
    steps: { type: 'integer', minimum: 1, maximum: 100, default: 1 },
    wait: { anyOf: [{ type: 'number', exclusiveMinimum: 0, maximum: 10 }, { type: 'null' }], default: null },
    sure: { type: 'boolean', default: false },
    tags: { type: 'array', items: { type: 'string' } },
  },
  $defs: { Size: { enum: ['small', 'large'], type: 'string', title: 'Size' } },
}

const fields = fieldsOf(SCHEMA)
const valid = { ...initialValues(fields), message: ' Hello ', size: 'large' }

describe('fields', () => {
  test('get their kind from the schema', () => {
    expect(fields.map(({ name, kind }) => [name, kind])).toEqual([
      ['message', 'text'],
      ['name', 'line'],
      ['channel', 'choice'],
      ['size', 'choice'],
      ['colour', 'colour'],
      ['steps', 'number'],
      ['wait', 'number'],
      ['sure', 'flag'],
      ['tags', 'json'],
    ])
  })

  test('are optional unless listed as required', () => {
    expect(fields.filter(({ isRequired }) => isRequired).map(({ name }) => name)).toEqual([
      'message',
      'channel',
      'size',
    ])
  })

  test('offer the options of enum, const and a reference', () => {
    expect(fields.map(({ options }) => options).filter(({ length }) => length)).toEqual([
      ['social'],
      ['small', 'large'],
    ])
  })

  test('are labelled with their title or their name', () => {
    expect(fields.slice(0, 2).map(({ label }) => label)).toEqual(['Message', 'Name'])
  })

  test('start with their default, and a required choice with its first option', () => {
    expect(initialValues(fields)).toMatchObject({
      message: '',
      channel: 'social',
      size: 'small',
      steps: '1',
      sure: false,
    })
  })
})

describe('validation', () => {
  const errorOf = (name: string, value: string) => validate(fields, { ...valid, [name]: value })[name]

  test('finds no error in valid values', () => {
    expect(validate(fields, valid)).toEqual({})
  })

  test('reports a missing required value, also if there are only spaces', () => {
    expect(errorOf('message', '  ')).toBe('Please fill this in.')
  })

  test('counts characters as the API does', () => {
    expect(lengthOf('  👩‍⚕️é ')).toBe(5)
    expect(errorOf('name', ' ab cd ')).toBeUndefined()
    expect(errorOf('name', 'abcdef')).toBe('At most 5 characters; these are 6.')
    expect(errorOf('name', '👋👋👋👋👋')).toBeUndefined()
  })

  test.each([
    ['steps', '1.5', 'Please enter a whole number.'],
    ['steps', '0', 'At least 1.'],
    ['steps', '101', 'At most 100.'],
    ['steps', 'many', 'This is not a number.'],
    ['wait', '0', 'More than 0.'],
    ['colour', 'red', 'Please enter a colour like #1F5C63.'],
    ['size', 'huge', 'Please choose one of these.'],
    ['tags', '[', 'This is not valid JSON.'],
  ])('reports the error in %s = %s', (name, value, message) => {
    expect(errorOf(name, value)).toBe(message)
  })
})

describe('an input', () => {
  test('has the types of the fields, and omits empty fields', () => {
    const values = { ...valid, steps: '3', wait: '0.5', sure: true, tags: '["a"]' }

    expect(inputOf(fields, values)).toEqual({
      message: 'Hello',
      channel: 'social',
      size: 'large',
      steps: 3,
      wait: 0.5,
      sure: true,
      tags: ['a'],
    })
  })

  test('becomes the same input after a round trip through the form', () => {
    const input = inputOf(fields, { ...valid, wait: '2', tags: '["a"]' })

    expect(inputOf(fields, valuesOf(fields, input))).toEqual(input)
  })
})

describe("the API's errors", () => {
  test('belong to fields, to the time or to the form', () => {
    const fieldErrors = [
      { pointer: '/input/message', detail: 'must be one line' },
      { pointer: '/run_at', detail: 'is over a year ahead' },
      { pointer: '', detail: 'is odd' },
    ]

    expect(errorsOf(fieldErrors, fields)).toEqual({
      message: 'Must be one line.',
      run_at: 'Is over a year ahead.',
      '': 'Is odd.',
    })
  })

  test('of a batch belong to the one form', () => {
    const fieldErrors = [0, 1].map((index) => ({ pointer: `/requests/${index}/input/message`, detail: 'is odd' }))

    expect(errorsOf(fieldErrors, fields)).toEqual({ message: 'Is odd.' })
  })
})
