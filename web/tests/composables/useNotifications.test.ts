import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import type { Request, Status } from '../../src/client'
import { type Notifications, notifyOfEnd, useNotifications } from '../../src/composables/useNotifications'

class Tab extends EventTarget {
  hidden = false
  title = 'Requests'

  setHidden(hidden: boolean): void {
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

function textsOf({ list }: Notifications): string[] {
  return list.map(({ text }) => text)
}

test('the title counts the requests that end while the page is hidden', () => {
  const notifications = useNotifications(tab.title)
  tab.setHidden(true)
  notifyOfEnd(notifications, ended('completed', 'Drink water'))
  notifyOfEnd(notifications, ended('failed', 'Sleep well'))
  notifyOfEnd(notifications, ended('cancelled', 'Walk'))

  expect(tab.title).toBe('(3) Requests')
  expect(notifications.list.map(({ tone, text, requestId }) => [tone, text, requestId])).toEqual([
    ['good', 'Completed: Drink water', 'Drink water'],
    ['bad', 'Failed: Sleep well', 'Sleep well'],
    ['plain', 'Cancelled: Walk', 'Walk'],
  ])

  tab.setHidden(false)

  expect(tab.title).toBe('Requests')
})

test('a notification stays while the page is hidden, and disappears 7 s after it is shown again', () => {
  const notifications = useNotifications(tab.title)
  tab.setHidden(true)
  notifyOfEnd(notifications, ended('completed', 'Drink water'))
  vi.advanceTimersByTime(3_600_000)
  expect(notifications.list).toHaveLength(1)

  tab.setHidden(false)
  vi.advanceTimersByTime(7_000)

  expect(notifications.list).toEqual([])
})

test('the title does not change while the page is visible', () => {
  const notifications = useNotifications(tab.title)
  notifyOfEnd(notifications, ended('completed', 'Drink water'))

  expect(notifications.list).toHaveLength(1)
  expect(tab.title).toBe('Requests')
})

test('while the page is hidden, the newest three notifications are kept and the others are counted', () => {
  const notifications = useNotifications(tab.title)
  tab.setHidden(true)
  ;['One', 'Two', 'Two', 'Three', 'Four', 'Five', 'Six'].forEach((each) =>
    notifyOfEnd(notifications, ended('completed', each)),
  )

  expect(tab.title).toBe('(7) Requests')
  expect(textsOf(notifications)).toEqual(['Completed: Four', 'Completed: Five', 'Completed: Six'])
  expect(notifications.unread.value).toBe(4)

  tab.setHidden(false)
  expect(notifications.unread.value).toBe(4)
  vi.advanceTimersByTime(7_000)
  expect([textsOf(notifications), notifications.unread.value]).toEqual([[], 0])
})

test('while the page is visible, the newest three notifications are kept and none is counted', () => {
  const notifications = useNotifications(tab.title)
  ;['One', 'Two', 'Three', 'Four'].forEach((each) => notifyOfEnd(notifications, ended('completed', each)))

  expect(textsOf(notifications)).toEqual(['Completed: Two', 'Completed: Three', 'Completed: Four'])
  expect(notifications.unread.value).toBe(0)
})

test('the same message is shown once with its count, and stays as long as a new one', () => {
  const notifications = useNotifications(tab.title)
  notifications.show('bad', 'No answer came.')
  notifications.show('plain', 'No answer came.')
  vi.advanceTimersByTime(5_000)
  notifications.show('bad', 'No answer came.')

  expect(notifications.list.map(({ tone, count }) => [tone, count])).toEqual([
    ['plain', 1],
    ['bad', 2],
  ])
  vi.advanceTimersByTime(6_000)
  expect(notifications.list.map(({ tone }) => tone)).toEqual(['bad'])
  vi.advanceTimersByTime(1_000)
  expect(notifications.list).toEqual([])
})

test('a notification stays while the pointer is on it', () => {
  const notifications = useNotifications(tab.title)
  notifyOfEnd(notifications, ended('completed', 'Drink water'))
  notifications.isPaused.value = true
  vi.advanceTimersByTime(60_000)
  expect(notifications.list).toHaveLength(1)

  notifications.isPaused.value = false
  vi.advanceTimersByTime(7_000)

  expect(notifications.list).toEqual([])
})

test('a notification that was visible before the page was hidden is not counted as unread', () => {
  const notifications = useNotifications(tab.title)
  notifyOfEnd(notifications, ended('completed', 'Zero'))
  tab.setHidden(true)
  ;['One', 'Two', 'Three'].forEach((each) => notifyOfEnd(notifications, ended('completed', each)))
  expect([notifications.unread.value, tab.title]).toEqual([0, '(3) Requests'])

  notifyOfEnd(notifications, ended('completed', 'Four'))

  expect([notifications.unread.value, tab.title]).toEqual([1, '(4) Requests'])
})

test('clearing removes the notifications and the count in the title', () => {
  const notifications = useNotifications(tab.title)
  tab.setHidden(true)
  ;['One', 'Two', 'Three', 'Four'].forEach((each) => notifyOfEnd(notifications, ended('completed', each)))

  notifications.clear()

  expect([textsOf(notifications), notifications.unread.value, tab.title]).toEqual([[], 0, 'Requests'])
  notifyOfEnd(notifications, ended('completed', 'Five'))
  expect(tab.title).toBe('(1) Requests')
})
