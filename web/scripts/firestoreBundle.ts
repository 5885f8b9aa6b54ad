/** Vite plugins that change the code of Firestore's SDK. Each fails the build if a release of the SDK differs. */
import type { Plugin } from 'vite'

/** Removes the evaluation of pipelines and 128-bit decimals. Without this the page has 200 kB of the allowed 193 kB. */
export function removePipelines(): Plugin {
  const evaluation = /(function __PRIVATE_toEvaluable\(e\) \{)[^]*?\n\}/g
  const building = /(class \w+ \{\s+constructor\(\) \{\s+this\._protoValueType = "ProtoValue";\s+\})[^]*?\n\}/g
  const powers = /(__PRIVATE_QuadrupleBuilder\.\w+ = )\[\s[^;]*?\] \]/g
  return {
    name: 'remove-pipelines',
    transform(code, id) {
      if (!/@firebase\/firestore\/dist\/common-.*\.js/.test(id)) return
      let found = 0
      const reduced = code
        .replace(evaluation, (_, head: string) => (found++, `${head} throw new Error('This build has no pipelines') }`))
        .replace(building, (_, head: string) => (found++, `${head} }`))
        .replace(powers, (_, head: string) => (found++, `${head}[]`))
      if (found !== 4) this.error(`Found ${found} of the 4 parts of Firestore that this build removes`)
      return { code: reduced, map: null }
    },
  }
}

/** After a failed connection the SDK requests an image from google.com, which the page's policy forbids. */
export function pingOwnHost(): Plugin {
  const googleImage = /(["'])\/\/www\.google\.com\/images\/cleardot\.gif\1/g
  return {
    name: 'ping-own-host',
    transform(code, id) {
      if (!/@firebase\/webchannel-wrapper\/.*\.js/.test(id) || !code.includes('cleardot')) return
      const changed = code.replace(googleImage, 'new URL("icon.svg", document.baseURI).href')
      if (changed.includes('cleardot')) this.error('WebChannel contains another request to google.com')
      return { code: changed, map: null }
    },
  }
}
