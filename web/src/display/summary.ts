/** What the page shows of a request of any type: its title, its byline, its assets. */
import type { Asset, Request, Status } from '../client'
import { humanize } from './text'

export const STATUS_LABELS: Record<Status, string> = {
  queued: 'Queued',
  processing: 'In progress',
  completed: 'Completed',
  failed: 'Failed',
  cancelled: 'Cancelled',
}

/** The types that only the service submits, with the titles of their requests. */
const INTERNAL: Record<string, string> = { erasure: 'Erasure of your requests', export: 'Copy of your requests' }

/** A space after punctuation, unless it ends an initial or an abbreviation such as "Dr."; or a line break. */
const SENTENCE_END = /(?<=[.!?…])(?<!(?<![\p{L}\p{N}])(?:\p{L}|drs?|mrs?|ms|prof|st|tel|ext)\.)\s|\n/iu
/** The marks that NFKD separates from "ä". Other scripts need their marks. */
const ACCENTS = /[\u0300-\u036f]/g

/** The headline. Before the API has written one, the first sentence of the message. */
export function titleOf({ input, result, type }: Request): string {
  const headline = result?.['headline'] ?? input['primary_message']
  return INTERNAL[type] ?? (typeof headline === 'string' ? firstSentence(headline) : humanize(type))
}

export function isInternal({ type }: Request): boolean {
  return type in INTERNAL
}

export function bylineOf({ input, type }: Request): string {
  if (type === 'medical_asset') return [input['practice_name'], input['doctor_name']].filter(Boolean).join(' · ')
  const given = Object.entries(input).filter(([, value]) => value)
  return given.map(([name, value]) => `${humanize(name).toLowerCase()} ${toText(value)}`).join(' · ')
}

export function assetsOf({ result }: Request): Asset[] {
  const assets = result?.['assets']
  return Array.isArray(assets) ? assets : []
}

export function pictureOf(request: Request): Asset | undefined {
  return assetsOf(request).find(({ content_type: type }) => type.startsWith('image/'))
}

export function captionOf({ result }: Request): string {
  const caption = result?.['caption']
  return typeof caption === 'string' ? caption : ''
}

/** A file name that names the practice and the message. */
export function fileNameOf(request: Request, asset: Asset): string {
  const words = `${request.input['practice_name'] ?? request.type} ${titleOf(request)}`
  const withoutAccents = words.normalize('NFKD').replace(ACCENTS, '').normalize('NFC')
  const joined = withoutAccents.replace(/[^\p{L}\p{M}\p{N}]+/gu, '-').replace(/^-/, '')
  return `${joined.slice(0, 60).replace(/-$/, '').toLowerCase()}.${asset.name.split('.').pop()}`
}

export function formatSize(bytes: number): string {
  return bytes < 1_000_000 ? `${Math.max(1, Math.round(bytes / 1000))} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`
}

export function firstSentence(message: string): string {
  return message.split(SENTENCE_END)[0]?.replace(/\.$/, '') ?? message
}

function toText(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
