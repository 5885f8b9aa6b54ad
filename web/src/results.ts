/** What the page shows of a request, whatever its type. */
import type { Asset, Request, Status } from './api'
import { humanised } from './forms'

export const WORDS: Record<Status, string> = {
  queued: 'Waiting',
  processing: 'In the making',
  completed: 'Ready',
  failed: 'Failed',
  cancelled: 'Cancelled',
}

const SENTENCE_END = /(?<=[.!?…])(?<!(?<![\p{L}\p{N}])(?:\p{L}|drs?|mrs?|ms|prof|st|tel|ext)\.)\s|\n/iu
const ACCENTS = /[\u0300-\u036f]/g // of what is left of "ä" after taking it apart; other scripts need their marks

export function titleOf({ input, result, type }: Request): string {
  const headline = result?.['headline'] ?? input['primary_message']
  return typeof headline === 'string' ? firstSentence(headline) : humanised(type)
}

export function byline({ input, type }: Request): string {
  if (type !== 'medical_asset') {
    const given = Object.entries(input).filter(([, value]) => value)
    return given.map(([name, value]) => `${humanised(name).toLowerCase()} ${plain(value)}`).join(' · ')
  }
  return [input['practice_name'], input['doctor_name']].filter(Boolean).join(' · ')
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

/** A name under which a practice finds it again. */
export function fileName(request: Request, asset: Asset): string {
  const words = `${request.input['practice_name'] ?? request.type} ${titleOf(request)}`
  const bare = words.normalize('NFKD').replace(ACCENTS, '').normalize('NFC')
  const joined = bare.replace(/[^\p{L}\p{M}\p{N}]+/gu, '-').replace(/^-/, '')
  return `${joined.slice(0, 60).replace(/-$/, '').toLowerCase()}.${asset.name.split('.').pop()}`
}

export function size(bytes: number): string {
  return bytes < 1_000_000 ? `${Math.max(1, Math.round(bytes / 1000))} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`
}

/** Until the API has written a headline. "Dr. Weber is back." is one sentence. */
export function firstSentence(message: string): string {
  return message.split(SENTENCE_END)[0]?.replace(/\.$/, '') ?? message
}

function plain(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
