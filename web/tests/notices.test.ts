import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import type { Request, Status } from '../src/api'
import { notices, tellEnd } from '../src/notices'

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
