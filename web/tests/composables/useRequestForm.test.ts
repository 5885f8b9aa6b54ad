import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { effectScope, type EffectScope, nextTick, ref } from 'vue'

import type { Request, WorkType } from '../../src/client'
import { type RequestForm, useRequestForm } from '../../src/composables/useRequestForm'

const TYPES = [
  {
    name: 'diagnostic',
    input: {
      required: ['steps'],
      properties: { steps: { type: 'integer', minimum: 1, examples: [3] }, note: { type: 'string', maxLength: 5 } },
    },
  },
  { name: 'report', input: { properties: { title: { type: 'string' } } } },
] as unknown as WorkType[]

let stored: Map<string, string>
let scope: EffectScope
let form: RequestForm

beforeEach(() => {
  stored = new Map()
  vi.stubGlobal('localStorage', {
    getItem: (name: string) => stored.get(name) ?? null,
    setItem: stored.set.bind(stored),
  })
  scope = effectScope()
  form = openForm()
})

afterEach(() => {
  scope.stop()
  vi.unstubAllGlobals()
})

function openForm(): RequestForm {
  const session = { types: ref(TYPES), user: { uid: 'ann' } } as unknown as Parameters<typeof useRequestForm>[0]
  return scope.run(() => useRequestForm(session))!
}

test('a draft is stored while the user types, and loaded again', async () => {
  form.values.value['steps'] = '7'
  await nextTick()

  expect(openForm().values.value).toEqual({ steps: '7', note: '' })
})

test.each(['{bad', 'null', '{"diagnostic": null}', '{"diagnostic": {"steps": true, "note": 7, "gone": "x"}}'])(
  'the stored draft %s fills nothing in, and the next one is stored',
  async (text) => {
    stored.set('draft:ann', text)
    const opened = openForm()
    expect(opened.values.value).toEqual({ steps: '', note: '' })

    opened.values.value['steps'] = '7'
    await nextTick()

    expect(openForm().values.value).toEqual({ steps: '7', note: '' })
  },
)

test('clearing the form deletes the draft', async () => {
  form.values.value['steps'] = '7'
  await nextTick()
  form.clear()
  await nextTick()

  expect(stored.get('draft:ann')).toBe('{}')
})

test('an error is kept until its value changes, and then validated again', async () => {
  form.values.value = { steps: '1', note: 'short' }
  form.showErrors({ steps: 'Refused by the API.', note: 'Refused too.' })

  form.values.value['note'] = 'too long'
  await nextTick()
  expect(form.errors.value).toEqual({
    steps: 'Refused by the API.',
    note: 'At most 5 characters; these are 8.',
  })

  form.values.value['steps'] = '2'
  await nextTick()
  expect(form.errors.value).toEqual({ note: 'At most 5 characters; these are 8.' })
})

test('a request fills the form of its type, also over a draft', async () => {
  stored.set('draft:ann', JSON.stringify({ report: { title: 'Draft' } }))

  const isFilled = await form.fillFrom({ type: 'report', input: { title: 'Earlier' } } as unknown as Request)

  expect(isFilled).toBe(true)
  expect([form.type.value, form.values.value]).toEqual(['report', { title: 'Earlier' }])
})

test('a request of an unknown type leaves the form unchanged', async () => {
  expect(await form.fillFrom({ type: 'gone', input: {} } as unknown as Request)).toBe(false)
  expect(form.type.value).toBe('diagnostic')
})

test('each copy is one submission with the same content', () => {
  form.fillExample()
  form.copies.value = 2

  expect(form.toSubmissions()).toEqual(Array(2).fill({ type: 'diagnostic', input: { steps: 3 } }))
})

test('a scheduled time is validated, and submitted with its offset', () => {
  form.fillExample()
  form.runAt.value = '2001-01-01T09:00'
  expect(form.findErrors()).toEqual({ run_at: 'This time is in the past. Please choose a later one.' })

  form.runAt.value = '2099-03-29T02:30'
  expect(form.findErrors()['run_at']).toMatch(/^This time does not exist/)

  form.runAt.value = '2099-01-15T09:30'
  expect(form.findErrors()).toEqual({})
  expect(form.toSubmissions()).toMatchObject([{ run_at: '2099-01-15T09:30:00+01:00' }])
})
