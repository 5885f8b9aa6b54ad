// Run by tests/e2e/test_documents.py, which brings up the stack and puts the requests into it.
import { initializeApp } from '@firebase/app'
import {
  collection,
  connectFirestoreEmulator,
  initializeFirestore,
  limit,
  onSnapshot,
  query,
  type QuerySnapshot,
  terminate,
  where,
} from '@firebase/firestore'
import { expect, test } from 'vitest'

import { requestOf } from '../../src/documents'
import { tenantOf, unsignedToken } from '../../src/tokens'

const { API = '', FIRESTORE = '', DATABASE = '', PROJECT = '', PERSON = '' } = process.env

test('a request is the same from the listener and from the API', async () => {
  const firestore = initializeFirestore(initializeApp({ projectId: PROJECT }), {}, DATABASE)
  const [host = '', port] = FIRESTORE.split(':')
  connectFirestoreEmulator(firestore, host, Number(port), { mockUserToken: { sub: PERSON } })
  const mine = query(collection(firestore, 'requests'), where('tenant', '==', tenantOf({ sub: PERSON })), limit(50))

  const listened = await new Promise<QuerySnapshot>((resolve, reject) => onSnapshot(mine, resolve, reject))
  const answered = await fetch(`${API}/requests?limit=50`, {
    headers: { Authorization: `Bearer ${unsignedToken(PERSON, PROJECT)}` },
  })
  await terminate(firestore)

  const { requests } = (await answered.json()) as { requests: { id: string }[] }
  const byId = Object.fromEntries(requests.map((request) => [request.id, request]))
  expect(Object.fromEntries(listened.docs.map((each) => [each.id, requestOf(each.id, each.data())]))).toEqual(byId)
  console.log(`${requests.length} requests are the same`)
})
