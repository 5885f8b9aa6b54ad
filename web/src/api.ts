/** The API's own types, by the names that the page uses. `api.d.ts` is generated: `npm run types`. */
import type { components, operations } from './api.d'

type Schemas = components['schemas']
type Counted = 'redrive' | 'generation' | 'attempt' | 'snoozes'

/** A request as every answer and every listener tells it. Counters are always there; other absent fields are left out. */
export type Request = Schemas['Request'] & Required<Pick<Schemas['Request'], Counted>>
export type Status = Schemas['Status']
export type Failure = Schemas['Failure']
export type Ask = Schemas['Ask']
export type ProblemBody = Schemas['Problem']
export type Fault = NonNullable<ProblemBody['errors']>[number]
export type WorkType = operations['types']['responses'][200]['content']['application/json']['types'][number]
export type SignedUrl = operations['asset']['responses'][200]['content']['application/json']

/** What a request has made: a reference, whose bytes lie behind a signed URL. */
export interface Asset {
  name: string
  content_type: string
  bytes: number
}

export const STATUSES = ['queued', 'processing', 'completed', 'failed', 'cancelled'] as const satisfies Status[]

export function isOpen(request: Request): boolean {
  return request.status === 'queued' || request.status === 'processing'
}
