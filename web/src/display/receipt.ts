/** What an erasure or an export has done, in plain words. */
import type { Request } from '../client'

type Counts = Record<string, number>

/** Empty until the request has completed, and for every other type of work. */
export function receiptOf({ type, result }: Request): string {
  if (!result) return ''
  if (type === 'export') {
    const { requests, files, missing_files } = result['exported'] as Counts
    const missing = missing_files
      ? ` ${count(missing_files, 'file')} no longer exist${missing_files === 1 ? 's' : ''}.`
      : ''
    return `${count(requests, 'request')} and ${count(files, 'file')}.${missing}`
  }
  if (type !== 'erasure') return ''
  const { requests, cancelled, notifications, files } = result['erased'] as Counts
  const { records_until: until } = result['backups'] as { records_until: string }
  const open = cancelled ? ` (${cancelled} cancelled)` : ''
  const erased = `${count(requests, 'request')}${open}, ${count(notifications, 'notification')} and ${count(files, 'file')}`
  return `Erased: ${erased}. Backups keep the records until ${new Date(until).toLocaleDateString([], { day: 'numeric', month: 'long', year: 'numeric' })}.`
}

function count(number = 0, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
