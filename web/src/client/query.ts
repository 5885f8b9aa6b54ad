/** Queries for requests of one tenant, newest first. Rules and indexes of Firestore allow exactly these. */
import { collection, type Firestore, limit, orderBy, query, type Query, where } from '@firebase/firestore'

import type { Status } from './api'

export interface RequestQuery {
  status?: Status | undefined
  limit?: number
}

/** Only requests created before a moment. */
export interface ProbeQuery extends RequestQuery {
  before: Date
}

const DEFAULT_LIMIT = 10
const MAX_LIMIT = 50 // the rules refuse more, and the emulator sends the whole result on every commit

export function buildQuery(db: Firestore, tenant: string, wanted: RequestQuery | ProbeQuery): Query {
  const { status, limit: size = DEFAULT_LIMIT } = wanted
  return query(
    collection(db, 'requests'),
    where('tenant', '==', tenant),
    ...(status ? [where('status', '==', status)] : []),
    ...('before' in wanted ? [where('created_at', '<', wanted.before)] : []),
    orderBy('created_at', 'desc'),
    limit(Math.min(size, MAX_LIMIT)),
  )
}
