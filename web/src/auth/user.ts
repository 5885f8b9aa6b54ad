import type { FirebaseApp } from '@firebase/app'

import type { TokenSource } from '../client'

/** The user who is signed in. */
export interface User {
  uid: string
  name: string
  app: FirebaseApp
  token: TokenSource
}
