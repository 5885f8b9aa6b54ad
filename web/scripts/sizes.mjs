// Prints what a browser has to fetch, gzipped, and fails when scripts and styles together have grown too large.
import { readdirSync, readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'

const MOST_KB = 190
const folder = new URL('../dist/assets/', import.meta.url)

const files = readdirSync(folder)
  .filter((name) => /\.(js|css)$/.test(name))
  .map((name) => ({ name, kb: gzipSync(readFileSync(new URL(name, folder)), { level: 9 }).length / 1000 }))
  .sort((one, other) => other.kb - one.kb)
const total = files.reduce((sum, { kb }) => sum + kb, 0)

for (const { name, kb } of files) console.log(`${kb.toFixed(1).padStart(7)} kB  ${name}`)
console.log(`${total.toFixed(1).padStart(7)} kB  gzip in all, of ${MOST_KB}`)
if (total > MOST_KB) {
  console.error(`Scripts and styles must stay below ${MOST_KB} kB gzip.`)
  process.exit(1)
}
