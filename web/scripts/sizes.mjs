// Builds in memory, prints the gzipped size of each script and style, and fails if the total exceeds the limit.
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'

import { build } from 'vite'

// 1.5 kB of them keep the page working without the browser's storage and around changes of the clocks.
const MAX_KB = 193

const root = fileURLToPath(new URL('..', import.meta.url))
const { output } = await build({ root, logLevel: 'warn', build: { write: false } })
const files = output
  .filter(({ fileName }) => /\.(js|css)$/.test(fileName))
  .map(({ fileName, code, source }) => ({ fileName, kb: gzipSync(code ?? source, { level: 9 }).length / 1000 }))
  .sort((one, other) => other.kb - one.kb)
const total = files.reduce((sum, { kb }) => sum + kb, 0)

for (const { fileName, kb } of files) console.log(`${kb.toFixed(1).padStart(7)} kB  ${fileName}`)
console.log(`${total.toFixed(1).padStart(7)} kB  gzip in total, of ${MAX_KB}`)
if (total > MAX_KB) {
  console.error(`Scripts and styles exceed ${MAX_KB} kB gzip.`)
  process.exit(1)
}
