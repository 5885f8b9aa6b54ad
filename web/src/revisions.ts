/** Which of two tellings of one request is the later: answers and listeners overtake each other. */
import type { Request, Status } from './api'

/** Within one attempt: it runs, may be put back into the queue, and ends. */
const RANK: Record<Status, number> = { processing: 0, queued: 1, completed: 2, failed: 2, cancelled: 2 }

export function isLater(one: Request, other: Request): boolean {
  const [these, those] = [revision(one), revision(other)]
  const at = these.findIndex((value, index) => value !== those[index])
  return at >= 0 && (these[at] ?? 0) > (those[at] ?? 0)
}

function revision({ redrive, generation, attempt, status, progress }: Request): number[] {
  return [redrive, generation, attempt, RANK[status], progress?.percent ?? -1]
}
