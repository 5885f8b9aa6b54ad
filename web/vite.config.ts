import { fileURLToPath } from 'node:url'

import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'

import { pingOwnHost, removePipelines } from './scripts/firestoreBundle.ts'

export default defineConfig({
  base: './', // the page works in any folder
  plugins: [vue(), removePipelines(), pingOwnHost()],
  define: {
    __VUE_OPTIONS_API__: false,
    __VUE_PROD_DEVTOOLS__: false,
    __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: false,
  },
  resolve: {
    alias: {
      // 45 kB gzip of regular expressions that only Firestore's pipelines use.
      re2js: fileURLToPath(new URL('scripts/re2jsStub.ts', import.meta.url)),
    },
  },
  build: {
    target: 'es2022',
    assetsInlineLimit: 0, // the policy allows no fonts from data: URLs
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        // Firestore has a file of its own, since it changes less often than the page. Auth stays out of that file.
        codeSplitting: { groups: [{ name: 'firestore', test: /node_modules\/(@firebase\/(?!auth)|idb)/ }] },
      },
    },
  },
})
