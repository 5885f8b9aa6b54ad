/** Short messages at the edge of the page. While the page is hidden, its title shows how many have arrived. */
import { shallowReactive, shallowRef } from 'vue'

import type { Request } from '../client'
import { titleOf } from '../display/summary'

interface Notification {
  id: number
  tone: 'good' | 'bad' | 'plain'
  text: string
  /** The request that the message is about. */
  requestId?: string | undefined
  /** How often the same message was shown. */
  count: number
}

const SHOWN_MS = 7_000
const MAX_SHOWN = 3

export type Notifications = ReturnType<typeof useNotifications>

export function useNotifications(title: string) {
  const list = shallowReactive<Notification[]>([])
  /** How many were removed while the page was hidden. */
  const unread = shallowRef(0)
  /** Messages stay while the pointer or the focus is on them. */
  const isPaused = shallowRef(false)
  /** The open dialog. Messages outside of it could be neither clicked nor read aloud. */
  const dialog = shallowRef<HTMLElement>()
  let lastId = 0
  let countWhileHidden = 0
  let lastReadId = 0

  function show(tone: Notification['tone'], text: string, requestId?: string): void {
    const same = list.find((each) => each.tone === tone && each.text === text)
    if (same) dismiss(same.id)
    list.push({ id: ++lastId, tone, text, requestId, count: (same?.count ?? 0) + 1 })
    if (list.length > MAX_SHOWN) removeOldest()
    if (document.hidden) document.title = `(${++countWhileHidden}) ${title}`
    else dismissLater(lastId)
  }

  function removeOldest(): void {
    const { id, count } = list.shift()!
    if (document.hidden && id > lastReadId) unread.value += count
  }

  function dismissLater(id: number): void {
    setTimeout(() => (isPaused.value || document.hidden ? dismissLater(id) : dismiss(id)), SHOWN_MS)
  }

  function dismiss(id: number): void {
    const at = list.findIndex((each) => each.id === id)
    if (at >= 0) list.splice(at, 1)
    if (!list.length) unread.value = 0
  }

  /** Messages name requests of the user, so the next user must not see them. */
  function clear(): void {
    list.length = unread.value = countWhileHidden = 0
    document.title = title
  }

  document.addEventListener('visibilitychange', () => {
    if (document.hidden) return void (lastReadId = lastId)
    countWhileHidden = 0
    document.title = title
    list.forEach(({ id }) => dismissLater(id))
  })

  return { list, unread, isPaused, dialog, show, dismiss, clear }
}

export function notifyOfEnd({ show }: Pick<Notifications, 'show'>, request: Request): void {
  const title = titleOf(request)
  if (request.status === 'completed') show('good', `Completed: ${title}`, request.id)
  if (request.status === 'failed') show('bad', `Failed: ${title}`, request.id)
  if (request.status === 'cancelled') show('plain', `Cancelled: ${title}`, request.id)
}
