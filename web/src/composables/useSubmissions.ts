/** Submits requests so that neither a double click, a lost answer nor a reload creates a request twice. */
import { type Client, Problem, type Request, type Submission } from '../client'
import type { Intents } from '../storage/intents'
import type { Notifications } from './useNotifications'

/** The API refuses these without comparing the content with an earlier request. */
const REFUSED_UNCOMPARED = new Set([401, 403, 429])

interface Options {
  client: Pick<Client, 'submit' | 'submitBatch'>
  intents: Intents
  notifications: Pick<Notifications, 'show'>
  isClosed(): boolean
  onSubmitted(requests: Request[]): void
}

export function useSubmissions({ client, intents, notifications, isClosed, onSubmitted }: Options) {
  /** Throws what the client throws. After a lost answer, the same submissions find the same requests. */
  async function submit(submissions: Submission[]): Promise<{ replayed: boolean }> {
    const intent = intents.begin(submissions)
    try {
      const { requests, replayed } = await send(submissions, intent.key)
      if (isClosed()) intents.remove(intent)
      else intents.markAnswered(intent)
      onSubmitted(requests)
      return { replayed }
    } catch (error) {
      if (isRefusal(error)) intents.remove(intent)
      else if (!isClosed()) intents.markFailed(intent)
      throw error
    }
  }

  async function send(submissions: Submission[], key: string): Promise<{ requests: Request[]; replayed: boolean }> {
    const [first] = submissions
    if (submissions.length !== 1 || !first) return client.submitBatch(submissions, key)
    const { request, replayed } = await client.submit(first, key)
    return { requests: [request], replayed }
  }

  /** Submits again what a reload has interrupted. */
  async function resumeInterrupted(): Promise<void> {
    for (const { asks } of intents.listInterrupted()) {
      if (isClosed()) return
      await submit(asks).then(
        () => notifications.show('plain', 'Your request from before the reload was submitted.'),
        (error) => notifications.show('bad', messageForInterrupted(error)),
      )
    }
  }

  return { submit, resumeInterrupted }
}

function messageForInterrupted(error: unknown): string {
  return isRefusal(error)
    ? 'Your request from before the reload was refused. Please submit it again.'
    : 'Your request from before the reload got no answer. Submit it again; it will not be created twice.'
}

/** Whether the API has read and refused the content. Otherwise an earlier call without an answer may have succeeded. */
function isRefusal(error: unknown): boolean {
  return error instanceof Problem && error.status < 500 && !REFUSED_UNCOMPARED.has(error.status)
}
