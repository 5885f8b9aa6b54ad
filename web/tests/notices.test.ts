import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import type { Request, Status } from '../src/api'
import { type Notices, notices, tellEnd } from '../src/notices'

class Tab extends EventTarget {
  hidden = false
  title = 'Requests'

  turn(hidden: boolean): void {
    this.hidden = hidden
    this.dispatchEvent(new Event('visibilitychange'))
  }
}

let tab: Tab

beforeEach(() => {
  vi.useFakeTimers()
  tab = new Tab()
  vi.stubGlobal('document', tab)
})

afterEach(() => {
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

function ended(status: Status, message: string): Request {
  return { id: message, type: 'medical_asset', status, input: { primary_message: message } } as unknown as Request
}

function textsOf({ list }: Notices): string[] {
  return list.map(({ text }) => text)
}

test('what ends while nobody looks is counted in the title until somebody does', () => {
  const notes = notices(tab.title)
  tab.turn(true)
  tellEnd(notes, ended('completed', 'Drink water'))
  tellEnd(notes, ended('failed', 'Sleep well'))
  tellEnd(notes, ended('cancelled', 'Walk'))

  expect(tab.title).toBe('(3) Requests')
  expect(notes.list.map(({ tone, text, about }) => [tone, text, about])).toEqual([
    ['good', 'Ready: Drink water', 'Drink water'],
    ['bad', 'Failed: Sleep well', 'Sleep well'],
    ['plain', 'Cancelled: Walk', 'Walk'],
  ])

  tab.turn(false)

  expect(tab.title).toBe('Requests')
})

test('a notice stays while nobody looks and fades once it could be read', () => {
  const notes = notices(tab.title)
  tab.turn(true)
  tellEnd(notes, ended('completed', 'Drink water'))
  vi.advanceTimersByTime(3_600_000)
  expect(notes.list).toHaveLength(1)

  tab.turn(false)
  vi.advanceTimersByTime(7_000)

  expect(notes.list).toEqual([])
})

test('the title stays as it is for somebody who looks', () => {
  const notes = notices(tab.title)
  tellEnd(notes, ended('completed', 'Drink water'))

  expect(notes.list).toHaveLength(1)
  expect(tab.title).toBe('Requests')
})

test('of many that end while nobody looks the newest are told and the others counted', () => {
  const notes = notices(tab.title)
  tab.turn(true)
  ;['One', 'Two', 'Two', 'Three', 'Four', 'Five', 'Six'].forEach((each) => tellEnd(notes, ended('completed', each)))

  expect(tab.title).toBe('(7) Requests')
  expect(textsOf(notes)).toEqual(['Ready: Four', 'Ready: Five', 'Ready: Six'])
  expect(notes.unseen.value).toBe(4)

  tab.turn(false)
  expect(notes.unseen.value).toBe(4)
  vi.advanceTimersByTime(7_000)
  expect([textsOf(notes), notes.unseen.value]).toEqual([[], 0])
})

test('whoever looks sees the newest three, and what made room for them was seen', () => {
  const notes = notices(tab.title)
  ;['One', 'Two', 'Three', 'Four'].forEach((each) => tellEnd(notes, ended('completed', each)))

  expect(textsOf(notes)).toEqual(['Ready: Two', 'Ready: Three', 'Ready: Four'])
  expect(notes.unseen.value).toBe(0)
})

test('the same words are told once with how often, and stay as long as if they were new', () => {
  const notes = notices(tab.title)
  notes.tell('bad', 'No answer came.')
  notes.tell('plain', 'No answer came.')
  vi.advanceTimersByTime(5_000)
  notes.tell('bad', 'No answer came.')

  expect(notes.list.map(({ tone, times }) => [tone, times])).toEqual([
    ['plain', 1],
    ['bad', 2],
  ])
  vi.advanceTimersByTime(6_000)
  expect(notes.list.map(({ tone }) => tone)).toEqual(['bad'])
  vi.advanceTimersByTime(1_000)
  expect(notes.list).toEqual([])
})

test('a notice that somebody holds stays until they let go', () => {
  const notes = notices(tab.title)
  tellEnd(notes, ended('completed', 'Drink water'))
  notes.held.value = true
  vi.advanceTimersByTime(60_000)
  expect(notes.list).toHaveLength(1)

  notes.held.value = false
  vi.advanceTimersByTime(7_000)

  expect(notes.list).toEqual([])
})

test('what was read before they looked elsewhere is not counted as unseen', () => {
  const notes = notices(tab.title)
  tellEnd(notes, ended('completed', 'Zero'))
  tab.turn(true)
  ;['One', 'Two', 'Three'].forEach((each) => tellEnd(notes, ended('completed', each)))
  expect([notes.unseen.value, tab.title]).toEqual([0, '(3) Requests'])

  tellEnd(notes, ended('completed', 'Four'))

  expect([notes.unseen.value, tab.title]).toEqual([1, '(4) Requests'])
})

test('nothing is left to read once they are cleared', () => {
  const notes = notices(tab.title)
  tab.turn(true)
  ;['One', 'Two', 'Three', 'Four'].forEach((each) => tellEnd(notes, ended('completed', each)))

  notes.clear()

  expect([textsOf(notes), notes.unseen.value, tab.title]).toEqual([[], 0, 'Requests'])
  tellEnd(notes, ended('completed', 'Five'))
  expect(tab.title).toBe('(1) Requests')
})
