import './styles/fonts.css'
import './styles/base.css'
import './theme'

import { createApp } from 'vue'

import App from './App.vue'
import { loadConfig } from './config'

const root = document.querySelector('#app')!

try {
  const config = await loadConfig()
  createApp(App, { config }).mount(root)
} catch (error) {
  root.textContent = 'The page could not start. Reload it; if that does not help, tell whoever looks after it.'
  throw error
}
