/** The theme: light, dark or the system's. The browser remembers it. */
import { ref } from 'vue'

import { readText, writeText } from '../storage/browserStorage'

const THEMES = ['auto', 'light', 'dark'] as const
const STORAGE_KEY = 'theme'
const theme = ref<(typeof THEMES)[number]>('auto')

export function useTheme() {
  return { theme, nextTheme }
}

export function restoreTheme(): void {
  const stored = readText('localStorage', STORAGE_KEY)
  theme.value = THEMES.find((each) => each === stored) ?? 'auto'
  applyTheme()
}

function nextTheme(): void {
  theme.value = THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length] ?? 'auto'
  writeText('localStorage', STORAGE_KEY, theme.value)
  applyTheme()
}

function applyTheme(): void {
  document.documentElement.dataset['theme'] = theme.value
}
