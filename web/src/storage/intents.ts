/**
 * One idempotency key for each intent to submit, kept over reloads of the tab. A second submission of the same content,
 * for example by a double click or after a lost answer, uses the same key and so finds the same request.
 */
import type { Submission } from '../client'
import { isRecord, readJson, writeText } from './browserStorage'

/** The stored form. Renaming a field would lose the keys that an earlier release has stored. */
interface Intent {
  key: string
  asks: Submission[]
  since: number
  answeredAt?: number
  /** The user has seen that no answer arrived, and decides whether to submit again. */
  failed?: true
}

const ANSWERED_KEPT_MS = 4_000
const KEPT_MS = 24 * 3_600_000
/** The keys that the API accepts. */
const KEY = /^[ -~]{1,255}$/

export class Intents {
  constructor(
    private readonly uid: string,
    private readonly now: () => number = Date.now,
  ) {}

  /** The pending intent with this content, or a new one. */
  begin(submissions: Submission[]): Intent {
    const intents = this.load()
    const content = JSON.stringify(submissions)
    const same = intents.find((each) => JSON.stringify(each.asks) === content)
    if (same) {
      const { failed: _, ...pending } = same
      this.save(intents.map((each) => (each === same ? pending : each)))
      return pending
    }
    const intent: Intent = { key: crypto.randomUUID(), asks: submissions, since: this.now() }
    this.save([...intents, intent])
    return intent
  }

  /** For a few seconds more, the same content means the same intent. */
  markAnswered(intent: Intent): void {
    this.update(intent, { answeredAt: this.now() })
    setTimeout(() => this.remove(intent), ANSWERED_KEPT_MS)
  }

  /** No answer arrived, and the user has seen that. The same content keeps its key. */
  markFailed(intent: Intent): void {
    this.update(intent, { failed: true })
  }

  /** The same content submitted later is a new intent. */
  remove({ key }: Intent): void {
    this.save(this.load().filter((each) => each.key !== key))
  }

  removeAnswered(): void {
    this.save(this.load().filter(({ answeredAt }) => answeredAt === undefined))
  }

  /** Intents without an answer whose failure the user has not seen: a reload has interrupted them. */
  listInterrupted(): Intent[] {
    return this.load().filter(({ answeredAt, failed }) => answeredAt === undefined && !failed)
  }

  private update({ key }: Intent, change: Partial<Intent>): void {
    this.save(this.load().map((each) => (each.key === key ? { ...each, ...change } : each)))
  }

  private load(): Intent[] {
    const all = readJson('sessionStorage', storageKey(this.uid))
    return (Array.isArray(all) ? all : []).filter((each) => isIntent(each) && this.isCurrent(each))
  }

  /** An intent from the future is not current: the clock has been changed. */
  private isCurrent({ since, answeredAt = NaN }: Intent): boolean {
    const now = this.now()
    return Math.abs(now - since) < KEPT_MS && !(Math.abs(now - answeredAt) >= ANSWERED_KEPT_MS)
  }

  private save(intents: Intent[]): void {
    writeText('sessionStorage', storageKey(this.uid), intents.length ? JSON.stringify(intents) : null)
  }
}

/** After a sign-out nothing of the user's input stays in the browser. */
export function deleteIntents(uid: string): void {
  writeText('sessionStorage', storageKey(uid), null)
}

/** After a session has expired only the unanswered intents stay; the user's next session resumes them. */
export function deleteAnsweredIntents(uid: string): void {
  new Intents(uid).removeAnswered()
}

function isIntent(value: unknown): value is Intent {
  if (!isRecord(value)) return false
  const { key, asks, since, answeredAt, failed } = value
  return (
    typeof key === 'string' &&
    KEY.test(key) &&
    Array.isArray(asks) &&
    asks.length > 0 &&
    asks.every(isSubmission) &&
    typeof since === 'number' &&
    ['undefined', 'number'].includes(typeof answeredAt) &&
    [undefined, true].includes(failed as true | undefined)
  )
}

function isSubmission(value: unknown): boolean {
  return isRecord(value) && typeof value['type'] === 'string' && isRecord(value['input'])
}

function storageKey(uid: string): string {
  return `intents:${uid}`
}
