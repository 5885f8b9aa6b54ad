// tests/e2e/test_client.py starts the stack, submits the requests and runs this.
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

import { toRequest } from '../../src/client/documents'
import { createUnsignedToken, tenantOf } from '../../src/client/tokens'

const { API = '', FIRESTORE = '', DATABASE = '', PROJECT = '', USER_ID = '' } = process.env

test('the listener and the API return the same requests', async () => {
  const firestore = initializeFirestore(initializeApp({ projectId: PROJECT }), {}, DATABASE)
  const [host = '', port] = FIRESTORE.split(':')
  connectFirestoreEmulator(firestore, host, Number(port), { mockUserToken: { sub: USER_ID } })
  const ownRequests = query(
    collection(firestore, 'requests'),
    where('tenant', '==', tenantOf({ sub: USER_ID })),
    limit(50),
  )

  const snapshot = await new Promise<QuerySnapshot>((resolve, reject) => onSnapshot(ownRequests, resolve, reject))
  const answer = await fetch(`${API}/requests?limit=50`, {
    headers: { Authorization: `Bearer ${createUnsignedToken(USER_ID, PROJECT)}` },
  })
  await terminate(firestore)

  const { requests } = (await answer.json()) as { requests: { id: string }[] }
  const byId = Object.fromEntries(requests.map((request) => [request.id, request]))
  expect(Object.fromEntries(snapshot.docs.map((each) => [each.id, toRequest(each.id, each.data())]))).toEqual(byId)
  console.log(`${requests.length} requests are the same`)
})
