/**
 * The user's requests: one listener for the newest, pages for older ones. An open request that has left the listener's
 * window gets a listener for itself until it ends, so every request on the page stays up to date.
 */
import { computed, ref, shallowReactive, shallowRef } from 'vue'

import { type Client, isLater, isOpen, type Request, type Status } from '../client'

export const PAGE_SIZE = 10

export type RequestList = ReturnType<typeof useRequestList>

/** `onEnd` is called once for each end of a request that the user has seen open or has submitted here. */
export function useRequestList(client: Pick<Client, 'list' | 'watch'>, onEnd: (request: Request) => void) {
  const known = shallowReactive(new Map<string, Request>())
  const listed = shallowReactive(new Set<string>())
  const singleListeners = new Map<string, () => void>()
  const reportedEnds = new Set<string>()
  const filter = ref<Status>()
  const isLoaded = ref(false)
  const hasOlder = ref(false)
  const windowIds = shallowRef(new Set<string>())
  let nextPageToken: string | undefined
  let hasPages = false
  let isClosed = false
  let stopWindow = () => {}

  const list = computed(() =>
    [...listed]
      .map((id) => known.get(id))
      .filter((request) => request !== undefined)
      .filter((request) => !filter.value || request.status === filter.value)
      .sort(newestFirst),
  )

  /** A request has ended if it was open before, or if it was retried and has ended again since the last snapshot. */
  function update(request: Request): void {
    const before = known.get(request.id)
    if (before && isLater(before, request)) return
    known.set(request.id, request)
    if (before && !isOpen(request) && (isOpen(before) || before.redrive < request.redrive)) reportEnd(request)
  }

  function reportEnd(request: Request): void {
    const end = `${request.id}/${request.redrive}`
    if (reportedEnds.has(end)) return
    reportedEnds.add(end)
    onEnd(request)
  }

  function show(requests: Request[]): void {
    for (const request of requests) {
      update(request)
      listed.add(request.id)
    }
  }

  /** Shows requests that may be outside of the window. */
  function showAndWatch(requests: Request[]): void {
    show(requests)
    requests.filter(isOpen).forEach(({ id }) => watchSingle(id))
  }

  function setFilter(status?: Status): void {
    stopWindow()
    filter.value = status
    isLoaded.value = hasPages = hasOlder.value = false
    nextPageToken = undefined
    listed.clear()
    moveWindow(new Set())
    stopWindow = client.watch({ status, limit: PAGE_SIZE + 1 }, (requests, isConfirmed) => {
      const newest = requests.slice(0, PAGE_SIZE)
      show(newest)
      moveWindow(new Set(newest.map(({ id }) => id)))
      if (!hasPages) hasOlder.value = requests.length > PAGE_SIZE
      isLoaded.value ||= isConfirmed || requests.length > 0
    })
  }

  /** A request that leaves the window has changed its status, was deleted, or is older than the newest ten. */
  function moveWindow(next: Set<string>): void {
    const left = [...windowIds.value].filter((id) => !next.has(id))
    windowIds.value = next
    left.forEach(watchSingle)
    next.forEach(stopSingle)
  }

  function watchSingle(id: string): void {
    if (isClosed || singleListeners.has(id) || windowIds.value.has(id)) return
    const stop = client.watch(id, ([request], isConfirmed) => {
      if (request) update(request)
      else remove(id)
      const latest = known.get(id) // the answer to a retry may be later than this snapshot
      if (isConfirmed && !(latest && isOpen(latest))) stopSingle(id)
    })
    singleListeners.set(id, stop)
  }

  function stopSingle(id: string): void {
    singleListeners.get(id)?.()
    singleListeners.delete(id)
  }

  function remove(id: string): void {
    known.delete(id)
    listed.delete(id)
  }

  /** The first call also loads the page that is already shown, since only its answer has the token of the next page. */
  async function loadOlder(): Promise<void> {
    const status = filter.value
    const limit = nextPageToken ? PAGE_SIZE : 2 * PAGE_SIZE
    const page = await client.list({ limit, status, page_token: nextPageToken })
    if (status !== filter.value) return
    hasPages = true
    nextPageToken = page.next_page_token
    hasOlder.value = nextPageToken !== undefined
    showAndWatch(page.requests)
  }

  setFilter()
  return {
    list,
    filter,
    isLoaded,
    hasOlder,
    setFilter,
    loadOlder,
    /** Applies the answer to a call. */
    update(request: Request) {
      update(request)
      if (isOpen(request)) watchSingle(request.id)
    },
    /** The request was erased. */
    remove(id: string) {
      stopSingle(id)
      remove(id)
    },
    /** Ignores the filter. */
    find: (id: string) => known.get(id),
    /** Shows requests that were just submitted, and removes a filter that could hide them. */
    add(requests: Request[]) {
      if (isClosed) return
      if (filter.value) setFilter()
      showAndWatch(requests)
      // A snapshot can overtake the answer, and then the request was not known to be new.
      requests.map(({ id }) => known.get(id)).forEach((request) => request && !isOpen(request) && reportEnd(request))
    },
    close() {
      isClosed = true
      stopWindow()
      singleListeners.forEach((stop) => stop())
    },
  }
}

function newestFirst(one: Request, other: Request): number {
  return compare(sortKey(other.created_at), sortKey(one.created_at)) || compare(other.id, one.id)
}

/** Without the Z, a whole second sorts before its fractions. */
function sortKey(iso: string): string {
  return iso.slice(0, -1)
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0
}
