/** Compares two versions of one request, since answers to calls and snapshots of listeners can overtake each other. */
import type { Request, Status } from './api'

/** The order of statuses within one attempt: it runs, may return to the queue, and ends. */
const RANK: Record<Status, number> = { processing: 0, queued: 1, completed: 2, failed: 2, cancelled: 2 }

export function isLater(one: Request, other: Request): boolean {
  const [these, those] = [revisionOf(one), revisionOf(other)]
  const at = these.findIndex((value, index) => value !== those[index])
  return at >= 0 && (these[at] ?? 0) > (those[at] ?? 0)
}

function revisionOf({ redrive, generation, attempt, status, progress }: Request): number[] {
  return [redrive, generation, attempt, RANK[status], progress?.percent ?? -1]
}
