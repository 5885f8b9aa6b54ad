/** The theme: light, dark or the system's. The browser remembers it. */
import { ref } from 'vue'

const THEMES = ['auto', 'light', 'dark'] as const
const STORAGE_KEY = 'theme'
const theme = ref<(typeof THEMES)[number]>('auto')

export function useTheme() {
  return { theme, nextTheme }
}

/** Throws where the browser forbids storage. */
export function restoreTheme(): void {
  theme.value = THEMES.find((each) => each === localStorage.getItem(STORAGE_KEY)) ?? 'auto'
  applyTheme()
}

function nextTheme(): void {
  theme.value = THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length] ?? 'auto'
  localStorage.setItem(STORAGE_KEY, theme.value)
  applyTheme()
}

function applyTheme(): void {
  document.documentElement.dataset['theme'] = theme.value
}
