/**
 * The one place that reads and writes the browser's storage. Storage can be full, blocked or broken. Values that cannot
 * be stored are kept in memory until the page closes; stored values that cannot be read count as missing.
 */
import { computed, ref, shallowReactive } from 'vue'

export interface BrowserStorage {
  readText: typeof readText
  writeText: typeof writeText
}

type Area = 'localStorage' | 'sessionStorage'

/** Longer texts are neither stored nor read. The page's own are far shorter. */
const MAX_LENGTH = 1_000_000

/** The values that are not stored yet, by area and key; null for a value that is not removed yet. */
const unsaved = shallowReactive(new Map<`${Area}/${string}`, string | null>())
const isUnreadable = ref(false)

/** Whether a reload would lose data. */
export const isStorageFailing = computed(() => isUnreadable.value || unsaved.size > 0)

export function readText(area: Area, key: string): string | null {
  const value = unsaved.get(`${area}/${key}`)
  if (value !== undefined) return value
  try {
    const text = globalThis[area].getItem(key)
    return text !== null && text.length <= MAX_LENGTH ? text : null
  } catch {
    isUnreadable.value = true
    return null
  }
}

/** Null removes the value. Tries again to store the values that are not stored yet. */
export function writeText(area: Area, key: string, text: string | null): void {
  unsaved.set(`${area}/${key}`, text)
  for (const [name, value] of [...unsaved]) {
    const [eachArea, eachKey] = [name.slice(0, name.indexOf('/')) as Area, name.slice(name.indexOf('/') + 1)]
    try {
      if (value === null) globalThis[eachArea].removeItem(eachKey)
      else if (value.length > MAX_LENGTH) continue
      else globalThis[eachArea].setItem(eachKey, value)
      unsaved.delete(name)
      isUnreadable.value = false
    } catch {
      // It stays in `unsaved`.
    }
  }
}

/** Undefined if the value is missing or is not JSON. The content can have any shape. */
export function readJson(area: Area, key: string): unknown {
  try {
    return JSON.parse(readText(area, key) ?? '')
  } catch {
    return undefined
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
