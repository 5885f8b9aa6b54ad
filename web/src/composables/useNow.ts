/** The current time for relative times on the page. It ticks once a second while the page is visible. */
import { onScopeDispose, readonly, ref } from 'vue'

const now = ref(Date.now())
let users = 0
let timer: ReturnType<typeof setInterval> | undefined

export function useNow() {
  users++
  timer ??= setInterval(() => document.hidden || (now.value = Date.now()), 1_000)
  onScopeDispose(() => {
    if (--users > 0) return
    clearInterval(timer)
    timer = undefined
  })
  return readonly(now)
}
