/** Signed URLs of assets: requested on demand, shared while they are valid, renewed shortly before they expire. */
import type { Client, Request } from '../client'

const RENEW_BEFORE_MS = 60_000
const DOWNLOAD_TIMEOUT_MS = 60_000

type RequestRef = Pick<Request, 'id' | 'redrive'>

export type SignedUrls = ReturnType<typeof useSignedUrls>

export function useSignedUrls(client: Pick<Client, 'getAssetUrl'>) {
  const answers = new Map<string, ReturnType<Client['getAssetUrl']>>()

  /** `renew` requests a new URL although the current one should still be valid. */
  async function getUrl(request: RequestRef, name: string, { renew = false } = {}): Promise<string> {
    const key = `${request.id}/${request.redrive}/${name}`
    const current = answers.get(key)
    if (current && !renew) {
      const { url, expires_at } = await current
      if (Date.parse(expires_at) - Date.now() > RENEW_BEFORE_MS) return url
    }
    const answer = client.getAssetUrl(request.id, name)
    answers.set(key, answer)
    answer.catch(() => answers.delete(key))
    return (await answer).url
  }

  /** Fetches the file first, since browsers ignore `download` on links to other origins. */
  async function download(request: RequestRef, name: string, fileName: string): Promise<void> {
    const file = await fetchFile(await getUrl(request, name)).catch(async (error: Error) => {
      if (error.name === 'TimeoutError') throw error
      return fetchFile(await getUrl(request, name, { renew: true })) // a slow clock considers an expired URL valid
    })
    const link = document.createElement('a')
    link.href = URL.createObjectURL(file)
    link.download = fileName
    link.click()
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
  }

  return { getUrl, download }
}

async function fetchFile(url: string): Promise<Blob> {
  const response = await fetch(url, { signal: AbortSignal.timeout(DOWNLOAD_TIMEOUT_MS) })
  if (!response.ok) throw new Error(`The download returned status ${response.status}.`)
  return response.blob()
}
