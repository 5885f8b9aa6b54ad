/** One user's session for all components: the client, the request list and the actions on requests. */
import { inject, type InjectionKey, provide, ref, shallowRef } from 'vue'

import type { User } from '../auth/user'
import { connect, type ConnectionState, type Request, type SeenRequest, type WorkType } from '../client'
import type { Config } from '../config'
import { Intents } from '../storage/intents'
import { type Notifications, notifyOfEnd } from './useNotifications'
import { useRequestList } from './useRequestList'
import { useSignedUrls } from './useSignedUrls'
import { useSubmissions } from './useSubmissions'

export type Session = Awaited<ReturnType<typeof openSession>>

/** Throws what the user's token throws. */
export async function openSession(config: Config, user: User, pageNotifications: Notifications) {
  const client = await connect({
    api: config.api,
    app: user.app,
    token: user.token,
    database: config.database,
    emulator: config.emulator?.firestore,
  })
  let isClosed = false
  /** A closed session shows nothing more: the next user may already be signed in. */
  const notifications: Notifications = {
    ...pageNotifications,
    show: (...message) => isClosed || pageNotifications.show(...message),
  }
  /** The card shows the result of Cancel, so a notification would repeat it. */
  const cancelling = new Set<string>()
  const requests = useRequestList(client, (request) => {
    if (request.status !== 'cancelled' || !cancelling.has(request.id)) notifyOfEnd(notifications, request)
  })
  const { submit, resumeInterrupted } = useSubmissions({
    client,
    intents: new Intents(user.uid),
    notifications,
    isClosed: () => isClosed,
    onSubmitted: (submitted) => requests.add(submitted),
  })
  const state = ref<ConnectionState>('connecting')
  const types = shallowRef<WorkType[]>([])
  /** The request that the form should be filled with. */
  const template = shallowRef<Request>()
  /** The request whose details are open. */
  const openRequestId = ref<string>()
  client.onState((next) => (state.value = next))

  async function showError(send: () => Promise<void>): Promise<void> {
    await send().catch((error: unknown) =>
      notifications.show('bad', error instanceof Error ? error.message : 'Something went wrong. Try again.'),
    )
  }

  function change(send: () => Promise<Request>): Promise<void> {
    return showError(async () => requests.update(await send()))
  }

  function erase({ id }: SeenRequest): Promise<void> {
    return showError(async () => {
      await client.erase(id)
      requests.remove(id)
    })
  }

  /** A repeat after a lost answer by the user is a second request, which finds nothing or the same. */
  function requestForAll(kind: 'erasure' | 'export'): Promise<void> {
    const key = crypto.randomUUID()
    return showError(async () =>
      requests.add([await (kind === 'erasure' ? client.requestErasure(key) : client.requestExport(key))]),
    )
  }

  async function cancel(seen: SeenRequest): Promise<void> {
    cancelling.add(seen.id)
    await change(() => client.cancel(seen))
    cancelling.delete(seen.id)
  }

  return {
    config,
    user,
    notifications,
    requests,
    state,
    types,
    template,
    openRequestId,
    signedUrls: useSignedUrls(client),
    submit,
    resumeInterrupted,
    loadTypes: async () => void (types.value = await client.listTypes()),
    cancel,
    retry: (seen: SeenRequest) => change(() => client.retry(seen)),
    erase,
    requestForAll,
    reconnect: () => client.reconnect(),
    async close(options?: { forget: boolean }) {
      isClosed = true
      requests.close()
      await client.close(options)
    },
  }
}

const SESSION: InjectionKey<Session> = Symbol('session')

export function provideSession(session: Session): void {
  provide(SESSION, session)
}

export function useSession(): Session {
  const session = inject(SESSION)
  if (!session) throw new Error('No component above this one provides a session')
  return session
}
