/**
 * One idempotency key for each intent to ask, kept over reloads of the tab: what is asked again while it is under way,
 * or by the second half of a double click, is the same request.
 */
import type { Ask } from './api'

interface Intent {
  key: string
  asks: Ask[]
  since: number
  answeredAt?: number
  /** Whoever asked was told that no answer came: it is theirs to ask again, with changes or without. */
  failed?: true
}

const SAME_FOR_MS = 4_000
const KEPT_FOR_MS = 24 * 3_600_000

export class Intents {
  constructor(
    private readonly storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>,
    private readonly uid: string,
    private readonly now: () => number = Date.now,
  ) {}

  /** The intent that is under way with this very content, or a new one. */
  begin(asks: Ask[]): Intent {
    const kept = this.kept()
    const content = JSON.stringify(asks)
    const same = kept.find((each) => JSON.stringify(each.asks) === content)
    if (same) {
      const { failed: _, ...again } = same
      this.keep(kept.map((each) => (each === same ? again : each)))
      return again
    }
    const intent: Intent = { key: crypto.randomUUID(), asks, since: this.now() }
    this.keep([...kept, intent])
    return intent
  }

  /** It was accepted. For a moment longer the same content means the same intent. */
  answered(intent: Intent): void {
    const { key } = intent
    this.keep(this.kept().map((each) => (each.key === key ? { ...each, answeredAt: this.now() } : each)))
    setTimeout(() => this.forget(intent), SAME_FOR_MS)
  }

  /** What comes next is another intent. */
  forget({ key }: Intent): void {
    this.keep(this.kept().filter((each) => each.key !== key))
  }

  forgetAnswered(): void {
    this.keep(this.kept().filter(({ answeredAt }) => answeredAt === undefined))
  }

  /** No answer came, and that was told. It keeps its key for the same content. */
  failed({ key }: Intent): void {
    this.keep(this.kept().map((each) => (each.key === key ? { ...each, failed: true } : each)))
  }

  /** Those that a reload has interrupted: no answer came, nor was anybody told so. */
  unanswered(): Intent[] {
    return this.kept().filter(({ answeredAt, failed }) => answeredAt === undefined && !failed)
  }

  private kept(): Intent[] {
    const all: Intent[] = JSON.parse(this.storage.getItem(this.name) ?? '[]')
    return all.filter(({ since, answeredAt }) => {
      const now = this.now()
      return now - since < KEPT_FOR_MS && (answeredAt === undefined || now - answeredAt < SAME_FOR_MS)
    })
  }

  private keep(intents: Intent[]): void {
    if (intents.length) this.storage.setItem(this.name, JSON.stringify(intents))
    else this.storage.removeItem(this.name)
  }

  private get name(): string {
    return nameOf(this.uid)
  }
}

/** What was asked need not be kept for who has signed out. */
export function forgetIntents(storage: Pick<Storage, 'removeItem'>, uid: string): void {
  storage.removeItem(nameOf(uid))
}

/** What was answered need not be kept for whose sign-in has ended; the rest is finished when they are back. */
export function forgetAnswered(storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>, uid: string): void {
  new Intents(storage, uid).forgetAnswered()
}

function nameOf(uid: string): string {
  return `intents:${uid}`
}
