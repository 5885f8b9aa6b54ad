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

export function titleOf({ input, result, type }: Request): string {
  const headline = result?.['headline'] ?? input['primary_message']
  return typeof headline === 'string' ? firstSentence(headline) : humanised(type)
}

export function byline({ input, type }: Request): string {
  if (type !== 'medical_asset') {
    const given = Object.entries(input).filter(([, value]) => value)
    return given.map(([name, value]) => `${humanised(name).toLowerCase()} ${value}`).join(' · ')
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
  const plain = words.normalize('NFKD').replace(/[^\p{L}\p{N}]+/gu, '-').replace(/^-|-$/g, '')
  return `${plain.slice(0, 60).toLowerCase()}.${asset.name.split('.').pop()}`
}

export function size(bytes: number): string {
  return bytes < 1_000_000 ? `${Math.max(1, Math.round(bytes / 1000))} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`
}

export function firstSentence(message: string): string {
  return message.split(/(?<=[.!?…])\s|\n/)[0]?.replace(/\.$/, '') ?? message
}
