import './styles/fonts.css'
import './styles/base.css'

import { createApp } from 'vue'

import App from './App.vue'
import { restoreTheme } from './composables/useTheme'
import { loadConfig } from './config'

const root = document.querySelector('#app')!

try {
  restoreTheme()
  const config = await loadConfig()
  createApp(App, { config }).mount(root)
} catch (error) {
  root.textContent = 'The page could not start. Reload it. If that does not help, contact your administrator.'
  throw error
}
