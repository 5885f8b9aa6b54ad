/** Short words at the edge of the page, and in its title while somebody looks elsewhere. */
import { shallowReactive, shallowRef } from 'vue'

import type { Request } from './api'
import { titleOf } from './results'

interface Notice {
  id: number
  tone: 'good' | 'bad' | 'plain'
  text: string
  /** The request that it is about. */
  about?: string | undefined
  times: number
}

const SHOWN_MS = 7_000
const MOST = 3

export type Notices = ReturnType<typeof notices>

export function notices(title: string) {
  const list = shallowReactive<Notice[]>([])
  /** How many came and went while nobody looked. */
  const unseen = shallowRef(0)
  const held = shallowRef(false)
  /** The dialog that is open: what is outside of it can be neither pressed nor heard. */
  const within = shallowRef<HTMLElement>()
  let last = 0
  let missed = 0
  /** The last that there was when they looked elsewhere. */
  let read = 0

  function tell(tone: Notice['tone'], text: string, about?: string): void {
    const same = list.find((each) => each.tone === tone && each.text === text)
    if (same) dismiss(same.id)
    list.push({ id: ++last, tone, text, about, times: (same?.times ?? 0) + 1 })
    if (list.length > MOST) drop()
    if (document.hidden) document.title = `(${++missed}) ${title}`
    else fade(last)
  }

  function drop(): void {
    const { id, times } = list.shift()!
    if (document.hidden && id > read) unseen.value += times
  }

  /** Time runs only while it can be read. */
  function fade(id: number): void {
    setTimeout(() => (held.value || document.hidden ? fade(id) : dismiss(id)), SHOWN_MS)
  }

  function dismiss(id: number): void {
    const at = list.findIndex((each) => each.id === id)
    if (at >= 0) list.splice(at, 1)
    if (!list.length) unseen.value = 0
  }

  /** They name what somebody has asked, which is nothing for whoever comes next. */
  function clear(): void {
    list.length = unseen.value = missed = 0
    document.title = title
  }

  document.addEventListener('visibilitychange', () => {
    if (document.hidden) return void (read = last)
    missed = 0
    document.title = title
    list.forEach(({ id }) => fade(id))
  })

  return { list, unseen, held, within, tell, dismiss, clear }
}

export function tellEnd({ tell }: Pick<Notices, 'tell'>, request: Request): void {
  const title = titleOf(request)
  if (request.status === 'completed') tell('good', `Ready: ${title}`, request.id)
  if (request.status === 'failed') tell('bad', `Failed: ${title}`, request.id)
  if (request.status === 'cancelled') tell('plain', `Cancelled: ${title}`, request.id)
}
