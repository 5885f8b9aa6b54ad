import { fileURLToPath } from 'node:url'

import vue from '@vitejs/plugin-vue'
import { defineConfig, type Plugin } from 'vite'

export default defineConfig({
  base: './', // any folder of any bucket will do
  plugins: [vue(), leaner(), withoutPing()],
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

/**
 * Leaves out 10 kB gzip of Firestore: what pipelines build and evaluate expressions with, and powers of two for 128-bit
 * decimals. Listeners use none of it and no record has such a number. Another release of Firestore that differs here fails the build.
 */
function leaner(): Plugin {
  const evaluation = /(function __PRIVATE_toEvaluable\(e\) \{)[^]*?\n\}/g
  const building = /(class \w+ \{\s+constructor\(\) \{\s+this\._protoValueType = "ProtoValue";\s+\})[^]*?\n\}/g
  const powers = /(__PRIVATE_QuadrupleBuilder\.\w+ = )\[\s[^;]*?\] \]/g
  return {
    name: 'leaner-firestore',
    transform(code, id) {
      if (!/@firebase\/firestore\/dist\/common-.*\.js/.test(id)) return
      let found = 0
      const left = code
        .replace(evaluation, (_, head: string) => (found++, `${head} throw new Error('Pipelines are left out') }`))
        .replace(building, (_, head: string) => (found++, `${head} }`))
        .replace(powers, (_, head: string) => (found++, `${head}[]`))
      if (found !== 4) this.error(`Firestore is not the one whose parts are left out here (${found} of 4 found)`)
      return { code: left, map: null }
    },
  }
}

/** When its connection fails, the SDK looks whether Google's home page has one: a host that the policy forbids. */
function withoutPing(): Plugin {
  const pinged = /(["'])\/\/www\.google\.com\/images\/cleardot\.gif\1/g
  return {
    name: 'without-ping',
    transform(code, id) {
      if (!/@firebase\/webchannel-wrapper\/.*\.js/.test(id) || !code.includes('cleardot')) return
      const left = code.replace(pinged, 'new URL("icon.svg", document.baseURI).href')
      if (left.includes('cleardot')) this.error('The WebChannel pings in a way that is not known here')
      return { code: left, map: null }
    },
  }
}
