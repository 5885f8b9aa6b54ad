import './styles/fonts.css'
import './styles/base.css'

import { createApp } from 'vue'

import App from './App.vue'
import { restoreTheme } from './composables/useTheme'
import { loadConfig } from './config'

const STORAGE_BLOCKED = 'The browser blocks storage. Allow cookies and site data for this page, then reload it.'
const UNKNOWN_ERROR = 'Reload it. If that does not help, contact your administrator.'

const root = document.querySelector('#app')!

try {
  restoreTheme()
  const config = await loadConfig()
  createApp(App, { config }).mount(root)
} catch (error) {
  root.textContent = `The page could not start. ${isStorageBlocked(error) ? STORAGE_BLOCKED : UNKNOWN_ERROR}`
  throw error
}

function isStorageBlocked(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'SecurityError'
}
