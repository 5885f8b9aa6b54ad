/**
 * One idempotency key for each intent to submit, kept over reloads of the tab. A second submission of the same content,
 * for example by a double click or after a lost answer, uses the same key and so finds the same request.
 */
import type { Submission } from '../client'

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

export class Intents {
  constructor(
    private readonly storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>,
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
    const all: Intent[] = JSON.parse(this.storage.getItem(storageKey(this.uid)) ?? '[]')
    return all.filter(({ since, answeredAt }) => {
      const now = this.now()
      return now - since < KEPT_MS && (answeredAt === undefined || now - answeredAt < ANSWERED_KEPT_MS)
    })
  }

  private save(intents: Intent[]): void {
    if (intents.length) this.storage.setItem(storageKey(this.uid), JSON.stringify(intents))
    else this.storage.removeItem(storageKey(this.uid))
  }
}

/** After a sign-out nothing of the user's input stays in the browser. */
export function deleteIntents(storage: Pick<Storage, 'removeItem'>, uid: string): void {
  storage.removeItem(storageKey(uid))
}

/** After a session has expired only the unanswered intents stay; the user's next session resumes them. */
export function deleteAnsweredIntents(storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>, uid: string): void {
  new Intents(storage, uid).removeAnswered()
}

function storageKey(uid: string): string {
  return `intents:${uid}`
}
