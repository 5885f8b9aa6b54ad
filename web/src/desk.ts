/** One person's session with the service: their client, their list and what they may do, for every component. */
import { inject, type InjectionKey, provide, ref, shallowRef } from 'vue'

import type { Ask, Request, WorkType } from './api'
import { type Client, connect, Problem, type State } from './client'
import type { Config } from './config'
import { Intents } from './intents'
import { type Notices, tellEnd } from './notices'
import type { Person } from './people'
import { follow } from './requests'
import { signed } from './signed'

/** Who asks was refused, or everybody is for now. */
const NOT_LOOKED_AT = new Set([401, 403, 429])

export type Desk = Awaited<ReturnType<typeof openDesk>>

export async function openDesk(config: Config, person: Person, page: Notices) {
  const client: Client = await connect({
    api: config.api,
    app: person.app,
    token: person.token,
    database: config.database,
    emulator: config.emulator?.firestore,
  })
  let closed = false
  /** What becomes of one's requests is nothing for whoever comes next. */
  const notices: Notices = { ...page, tell: (...told) => closed || page.tell(...told) }
  /** Whoever has pressed Cancel here sees what becomes of it. */
  const cancelling = new Set<string>()
  const requests = follow(client, (request) => {
    if (request.status !== 'cancelled' || !cancelling.has(request.id)) tellEnd(notices, request)
  })
  const intents = new Intents(sessionStorage, person.uid)
  const state = ref<State>('connecting')
  const types = shallowRef<WorkType[]>([])
  /** An earlier request whose content the form is to take over. */
  const draft = shallowRef<Request>()
  /** The request whose details are open. */
  const open = ref<string>()
  client.onState((now) => (state.value = now))

  /** Asks at most once for one intent, however often it is called. Throws what the client throws. */
  async function ask(asks: Ask[]): Promise<{ replayed: boolean }> {
    const intent = intents.begin(asks)
    const [only] = asks
    try {
      const answer =
        asks.length === 1 && only
          ? await client.submit(only, intent.key).then(({ request, replayed }) => ({ requests: [request], replayed }))
          : await client.submitBatch(asks, intent.key)
      if (closed) intents.forget(intent)
      else intents.answered(intent)
      requests.add(answer.requests)
      return answer
    } catch (error) {
      if (isRefusal(error)) intents.forget(intent)
      else if (!closed) intents.failed(intent)
      throw error
    }
  }

  /** Finishes what a reload has interrupted. */
  async function finishAsking(): Promise<void> {
    for (const { asks } of intents.unanswered()) {
      if (closed) return
      const what = 'What you had asked before the reload'
      const [tone, words] = await ask(asks).then(
        () => ['plain', `${what} has arrived.`] as const,
        (error) =>
          isRefusal(error)
            ? (['bad', `${what} was refused. Please ask again.`] as const)
            : (['bad', `${what} was not answered. Ask for it again: it is asked only once.`] as const),
      )
      notices.tell(tone, words)
    }
  }

  async function attempt(act: () => Promise<Request>): Promise<void> {
    try {
      requests.learn(await act())
    } catch (error) {
      notices.tell('bad', error instanceof Error ? error.message : 'That did not work.')
    }
  }

  async function cancel(id: string): Promise<void> {
    cancelling.add(id)
    await attempt(() => client.cancel(id))
    cancelling.delete(id)
  }

  return {
    config,
    person,
    notices,
    requests,
    state,
    types,
    draft,
    open,
    signed: signed(client),
    ask,
    finishAsking,
    loadTypes: async () => void (types.value = await client.types()),
    cancel,
    retry: (id: string) => attempt(() => client.retry(id)),
    reconnect: () => client.reconnect(),
    async close(options?: { forget: boolean }) {
      closed = true
      requests.close()
      await client.close(options)
    },
  }
}

/** Whether it was looked at. If not, it may have been accepted before, by a call that had no answer. */
function isRefusal(error: unknown): boolean {
  return error instanceof Problem && error.status < 500 && !NOT_LOOKED_AT.has(error.status)
}

const DESK: InjectionKey<Desk> = Symbol('desk')

export function provideDesk(desk: Desk): void {
  provide(DESK, desk)
}

export function useDesk(): Desk {
  const desk = inject(DESK)
  if (!desk) throw new Error('useDesk outside of a Desk')
  return desk
}
