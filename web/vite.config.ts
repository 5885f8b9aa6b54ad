import { fileURLToPath } from 'node:url'

import vue from '@vitejs/plugin-vue'
import { defineConfig, type Plugin } from 'vite'

export default defineConfig({
  base: './', // any folder of any bucket will do
  plugins: [vue(), withoutDecimals()],
  define: {
    __VUE_OPTIONS_API__: false,
    __VUE_PROD_DEVTOOLS__: false,
    __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: false,
  },
  resolve: {
    alias: {
      // 47 kB gzip of regular expressions that only Firestore's pipelines use, which listeners never do.
      re2js: fileURLToPath(new URL('src/re2js.ts', import.meta.url)),
    },
  },
  build: {
    target: 'es2022',
    assetsInlineLimit: 0, // the policy allows no fonts from data: URLs
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        // Firestore changes less often than the page; and what it shares with Auth must not bring Auth along.
        codeSplitting: { groups: [{ name: 'firestore', test: /node_modules\/(@firebase\/(?!auth)|idb)/ }] },
      },
    },
  },
})

/** Leaves out 3 kB gzip of powers of two, which Firestore needs for 128-bit decimals: no record of ours has one. */
function withoutDecimals(): Plugin {
  const table = /(__PRIVATE_QuadrupleBuilder\.\w+ = )\[\s[^;]*?\] \]/g
  return {
    name: 'without-decimals',
    transform(code, id) {
      if (!/@firebase\/firestore\/dist\/common-.*\.js/.test(id)) return
      let tables = 0
      const left = code.replace(table, (_, name: string) => {
        tables++
        return `${name}[]`
      })
      if (tables !== 2) this.error(`Firestore has ${tables} tables of powers where 2 were expected`)
      return { code: left, map: null }
    },
  }
}
