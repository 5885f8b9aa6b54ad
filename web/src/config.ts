/**
 * The settings of an environment: `config.json` beside the page, read at every start.
 *
 *   api        the base URL of the API, without a slash at the end
 *   firebase   the project's web configuration: { projectId, apiKey, authDomain, appId }
 *   database   the name of the Firestore database; "(default)" if omitted
 *   signIn     the sign-in methods on offer: any of "google", "password", "email-link"
 *   emulator   { firestore: "host:port" }: the local stack, whose users need no password
 *   users      the users of the local stack
 */
import type { FirebaseOptions } from '@firebase/app'

export type SignInMethod = 'google' | 'password' | 'email-link'

export interface Config {
  api: string
  firebase: FirebaseOptions & { projectId: string }
  database?: string
  signIn?: SignInMethod[]
  emulator?: { firestore: string }
  users?: string[]
}

export async function loadConfig(): Promise<Config> {
  const response = await fetch('config.json', { cache: 'no-cache' })
  if (!response.ok) throw new Error(`config.json returned status ${response.status}`)
  return response.json()
}
