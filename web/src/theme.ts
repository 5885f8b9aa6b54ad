/** Light, dark, or as the system has it; remembered in this browser. */
import { ref } from 'vue'

const THEMES = ['auto', 'light', 'dark'] as const
export type Theme = (typeof THEMES)[number]

export const theme = ref<Theme>('auto')

/** Throws where the browser forbids to keep anything. */
export function recallTheme(): void {
  theme.value = THEMES.find((each) => each === localStorage.getItem('theme')) ?? 'auto'
  apply()
}

export function nextTheme(): void {
  theme.value = THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length] ?? 'auto'
  localStorage.setItem('theme', theme.value)
  apply()
}

function apply(): void {
  document.documentElement.dataset['theme'] = theme.value
}
