/** The API's types under the names used here. `npm run types` generates `api.d.ts` from the OpenAPI document. */
import type { components, operations } from './api.d'

type Schemas = components['schemas']
type Counter = 'redrive' | 'generation' | 'attempt' | 'snoozes'

/** A request as calls and listeners return it. Counters are always present; other empty fields are omitted. */
export type Request = Schemas['Request'] & Required<Pick<Schemas['Request'], Counter>>
export type Status = Schemas['Status']
export type Failure = Schemas['Failure']
export type Submission = Schemas['Submission']
export type ProblemBody = Schemas['Problem']
export type FieldError = NonNullable<ProblemBody['errors']>[number]
export type WorkType = operations['types']['responses'][200]['content']['application/json']['types'][number]
export type SignedUrl = operations['asset']['responses'][200]['content']['application/json']

/** A file in a request's result. Its bytes are behind a signed URL. */
export interface Asset {
  name: string
  content_type: string
  bytes: number
}

export const STATUSES = ['queued', 'processing', 'completed', 'failed', 'cancelled'] as const satisfies Status[]

export function isOpen(request: Request): boolean {
  return request.status === 'queued' || request.status === 'processing'
}
