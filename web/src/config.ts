/**
 * What differs between environments: `config.json` beside the page, read at every start.
 *
 *   api        where the API is, without a slash at the end
 *   firebase   the project's web configuration: { projectId, apiKey, authDomain, appId }
 *   database   of Firestore; "(default)" if left out
 *   signIn     the ways to sign in: any of "google", "password", "email-link"
 *   emulator   { firestore: "host:port" }: the local stack, whose people need no password
 *   people     only with an emulator: who may be chosen
 */
import type { FirebaseOptions } from '@firebase/app'

export type WayIn = 'google' | 'password' | 'email-link'

export interface Config {
  api: string
  firebase: FirebaseOptions & { projectId: string }
  database?: string
  signIn?: WayIn[]
  emulator?: { firestore: string }
  people?: string[]
}

export async function loadConfig(): Promise<Config> {
  const response = await fetch('config.json', { cache: 'no-cache' })
  if (!response.ok) throw new Error(`config.json was answered with ${response.status}`)
  return response.json()
}
