/** Who sits in front of the page. On the local stack anyone may be chosen; elsewhere Firebase Auth says who it is. */
import type { FirebaseApp } from '@firebase/app'
import { initializeApp } from '@firebase/app'

import type { Config } from './config'
import type { Token } from './http'
import { unsignedToken } from './tokens'

export interface Person {
  uid: string
  name: string
  app: FirebaseApp
  token: Token
}

const CHOSEN = 'person'

/** An app for each, so that two people in two tabs share neither cache nor connection. */
export function localPerson(config: Config, uid: string): Person {
  const name = uid.charAt(0).toUpperCase() + uid.slice(1)
  const app = initializeApp(config.firebase, uid)
  return { uid, name, app, token: () => Promise.resolve(unsignedToken(uid, config.firebase.projectId)) }
}

/** The one of this tab, else of the last tab, else the first. */
export function chosenPerson(people: string[]): string | undefined {
  const remembered = sessionStorage.getItem(CHOSEN) ?? localStorage.getItem(CHOSEN)
  return people.find((each) => each === remembered) ?? people[0]
}

export function rememberPerson(uid: string): void {
  sessionStorage.setItem(CHOSEN, uid)
  localStorage.setItem(CHOSEN, uid)
}
