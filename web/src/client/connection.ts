/** The listeners of one client and the state of the connection that they share. */
import { computeState, type ConnectionState, type Refusal } from './connectionState'
import type { Database } from './database'
import { Listener, type OnSnapshot, type RefusalReason, type Target } from './listener'
import { Network } from './network'
import { Prober } from './prober'

type RefusedBy = 'call' | 'listener'

export class Connection {
  private readonly listeners = new Set<Listener>()
  private readonly observers = new Set<(state: ConnectionState) => void>()
  private readonly network: Network
  private readonly prober: Prober
  private state: ConnectionState = 'connecting'
  private refused: { by: RefusedBy; refusal: Refusal } | undefined

  constructor(
    private readonly database: Database,
    private readonly tenant: string,
    private readonly findRefusalReason: (target: Target) => Promise<RefusalReason>,
  ) {
    this.network = new Network(database)
    this.prober = new Prober({
      watch: (query, onSnapshot) => this.watch(query, onSnapshot),
      expectsChanges: () => [...this.listeners].some((each) => each.expectsChanges),
      onNetworkChange: () => this.updateState(),
      checkDatabase: () => void this.checkDatabase(),
    })
  }

  watch(target: Target, onSnapshot: OnSnapshot): () => void {
    const listener = new Listener(this.database, this.tenant, target, onSnapshot, {
      onChange: () => this.updateState(),
      onConfirmed: () => this.restoreAccess('listener'),
      onDenied: () => {
        if (this.refused?.refusal !== 'signed-out') this.refuseAccess('listener', 'revoked')
      },
      findRefusalReason: () => this.findRefusalReason(target),
      resetNetwork: () => this.network.resetNetwork(),
      checkDatabase: () => void this.checkDatabase(),
    })
    this.listeners.add(listener)
    listener.listen()
    return () => {
      this.listeners.delete(listener)
      listener.stop()
      this.updateState()
    }
  }

  /** Reports the state now and whenever it changes. */
  onState(report: (state: ConnectionState) => void): () => void {
    this.observers.add(report)
    report(this.state)
    return () => void this.observers.delete(report)
  }

  refuseAccess(by: RefusedBy, refusal: Refusal): void {
    this.refused = { by, refusal }
    this.updateState()
  }

  /** A successful call proves nothing about listeners, nor the reverse: each clears only its own refusal. */
  restoreAccess(by: RefusedBy): void {
    if (this.refused?.by !== by) return
    this.refused = undefined
    if (by === 'listener') this.listeners.forEach((each) => each.isDenied && each.listen())
    this.updateState()
  }

  probeAfterChange(): void {
    this.prober.probeAfterChange()
  }

  async reconnect(): Promise<void> {
    this.refused = undefined
    if (!(await this.checkDatabase())) await this.network.resetNetwork({ force: true })
    this.listeners.forEach((each) => each.listen())
    this.updateState()
  }

  /** Returns whether the database had to be opened again. Then all listeners subscribe again. */
  private async checkDatabase(): Promise<boolean> {
    const isReplaced = await this.database.replaceIfDead()
    if (isReplaced) this.listeners.forEach((each) => each.listen())
    return isReplaced
  }

  close(): void {
    this.prober.close()
    this.network.close()
    this.listeners.forEach((each) => each.stop())
    this.listeners.clear()
    this.observers.clear()
  }

  private updateState(): void {
    const next = computeState({
      refusal: this.refused?.refusal,
      isOnline: navigator.onLine,
      listeners: [...this.listeners],
      previous: this.state,
    })
    if (next === this.state) return
    this.state = next
    this.observers.forEach((report) => report(next))
  }
}
