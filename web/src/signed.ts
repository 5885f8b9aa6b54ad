/** Signed URLs of assets: asked for when needed, shared while they hold, renewed shortly before they end. */
import type { Client } from './client'

const SPARE_MS = 60_000
const FETCHED_WITHIN_MS = 60_000

export type Signed = ReturnType<typeof signed>

export function signed(client: Client) {
  const asked = new Map<string, Promise<{ url: string; expires_at: string }>>()

  async function urlOf(request: { id: string; redrive: number }, name: string, anew = false): Promise<string> {
    const key = `${request.id}/${request.redrive}/${name}`
    const before = asked.get(key)
    if (before && !anew) {
      const { url, expires_at } = await before
      if (Date.parse(expires_at) - Date.now() > SPARE_MS) return url
    }
    const answer = client.assetUrl(request.id, name)
    asked.set(key, answer)
    answer.catch(() => asked.delete(key))
    return (await answer).url
  }

  return {
    urlOf,

    /** As a file: a browser ignores `download` on links to other origins, so the bytes come first. */
    async save(request: { id: string; redrive: number }, name: string, as: string): Promise<void> {
      const bytes = await fetched(await urlOf(request, name)).catch(async (error: Error) => {
        if (error.name === 'TimeoutError') throw error
        return fetched(await urlOf(request, name, true)) // by a clock that is slow, an old URL still holds
      })
      const link = document.createElement('a')
      link.href = URL.createObjectURL(bytes)
      link.download = as
      link.click()
      setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
    },
  }
}

async function fetched(url: string): Promise<Blob> {
  const response = await fetch(url, { signal: AbortSignal.timeout(FETCHED_WITHIN_MS) })
  if (!response.ok) throw new Error(`The asset was answered with ${response.status}`)
  return response.blob()
}
