/**
 * The list of one's requests: the newest by one query listener, older ones by the page. What is still open and has
 * left the listener's window is watched on its own until it ends, so nothing that is shown ever stands still.
 */
import { computed, ref, shallowReactive, shallowRef } from 'vue'

import { isOpen, type Request, type Status } from './api'
import type { Client } from './client'
import { isLater } from './revisions'

export const PER_PAGE = 10

export type Requests = ReturnType<typeof follow>

export function follow(client: Client, ended: (request: Request) => void) {
  const known = shallowReactive(new Map<string, Request>())
  const shown = shallowReactive(new Set<string>())
  const apart = new Map<string, () => void>()
  const told = new Set<string>()
  const status = ref<Status>()
  const loaded = ref(false)
  const hasOlder = ref(false)
  const window = shallowRef(new Set<string>())
  let token: string | undefined
  let paged = false
  let closed = false
  let unwatch = () => {}

  const list = computed(() =>
    [...shown]
      .map((id) => known.get(id))
      .filter((request) => request !== undefined && (!status.value || request.status === status.value))
      .map((request) => request as Request)
      .sort(newestFirst),
  )

  /** Tells the end of what was open, or was retried and has ended again unheard. */
  function learn(request: Request): void {
    const before = known.get(request.id)
    if (before && isLater(before, request)) return
    known.set(request.id, request)
    if (before && !isOpen(request) && (isOpen(before) || before.redrive < request.redrive)) tell(request)
  }

  function tell(request: Request): void {
    const end = `${request.id}/${request.redrive}`
    if (told.has(end)) return
    told.add(end)
    ended(request)
  }

  function show(requests: Request[]): void {
    for (const request of requests) {
      learn(request)
      shown.add(request.id)
    }
  }

  /** What may be outside of the window. */
  function showApart(requests: Request[]): void {
    show(requests)
    requests.filter(isOpen).forEach(({ id }) => watchApart(id))
  }

  function watch(wanted?: Status): void {
    unwatch()
    status.value = wanted
    loaded.value = paged = hasOlder.value = false
    token = undefined
    shown.clear()
    leave(new Set())
    unwatch = client.watch({ status: wanted, limit: PER_PAGE + 1 }, (requests, confirmed) => {
      const newest = requests.slice(0, PER_PAGE)
      show(newest)
      leave(new Set(newest.map(({ id }) => id)))
      if (!paged) hasOlder.value = requests.length > PER_PAGE
      loaded.value ||= confirmed || requests.length > 0
    })
  }

  /** The window moves on; what falls out of it has changed, gone, or become older. */
  function leave(next: Set<string>): void {
    const left = [...window.value].filter((id) => !next.has(id))
    window.value = next
    left.forEach(watchApart)
    next.forEach(unwatchApart)
  }

  function watchApart(id: string): void {
    if (closed || apart.has(id) || window.value.has(id)) return
    const stop = client.watch(id, ([request], confirmed) => {
      if (request) learn(request)
      else forget(id)
      const now = known.get(id) // an answer may have told of a retry already
      if (confirmed && !(now && isOpen(now))) unwatchApart(id)
    })
    apart.set(id, stop)
  }

  function unwatchApart(id: string): void {
    apart.get(id)?.()
    apart.delete(id)
  }

  function forget(id: string): void {
    known.delete(id)
    shown.delete(id)
  }

  /** The first time it also asks for the page that is live already, for it alone tells where the next begins. */
  async function older(): Promise<void> {
    const asked = status.value
    const limit = token ? PER_PAGE : 2 * PER_PAGE
    const page = await client.page({ limit, status: asked, page_token: token })
    if (asked !== status.value) return
    paged = true
    token = page.next_page_token
    hasOlder.value = token !== undefined
    showApart(page.requests)
  }

  watch()
  return {
    list,
    status,
    loaded,
    hasOlder,
    watch,
    older,
    /** What a call has answered. */
    learn(request: Request) {
      learn(request)
      if (isOpen(request)) watchApart(request.id)
    },
    /** Whatever the filter. */
    find: (id: string) => known.get(id),
    /** What was just asked, which is the newest there is, unless many others have asked since. */
    add(requests: Request[]) {
      if (closed) return
      if (status.value) watch()
      showApart(requests)
      // The listener may have been faster than the answer: then it has told of something that nobody knew.
      requests.map(({ id }) => known.get(id)).forEach((request) => request && !isOpen(request) && tell(request))
    },
    close() {
      closed = true
      unwatch()
      apart.forEach((stop) => stop())
    },
  }
}

function newestFirst(one: Request, other: Request): number {
  return compare(bare(other.created_at), bare(one.created_at)) || compare(other.id, one.id)
}

/** Without the Z, a whole second sorts before its fractions. */
function bare(iso: string): string {
  return iso.slice(0, -1)
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0
}
