import './styles/fonts.css'
import './styles/base.css'

import { createApp } from 'vue'

import App from './App.vue'
import { loadConfig } from './config'
import { recallTheme } from './theme'

const ALLOW = 'It has to keep a few things in this browser, which forbids it. Allow cookies and site data, then reload it.'
const RELOAD = 'Reload it; if that does not help, tell whoever looks after it.'

const root = document.querySelector('#app')!

try {
  recallTheme()
  const config = await loadConfig()
  createApp(App, { config }).mount(root)
} catch (error) {
  root.textContent = `The page could not start. ${isForbidden(error) ? ALLOW : RELOAD}`
  throw error
}

function isForbidden(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'SecurityError'
}
