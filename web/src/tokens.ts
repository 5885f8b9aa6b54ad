/** What an ID token says about who holds it. Nothing is verified here: the API and the rules do that. */
export interface Claims {
  sub: string
  tenant?: string
  name?: string
  email?: string
}

export function claimsOf(token: string): Claims {
  const payload = token.split('.')[1] ?? ''
  const bytes = Uint8Array.from(atob(payload.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0))
  return JSON.parse(new TextDecoder().decode(bytes))
}

/** Who may see a request, in the words of its record and of the rules. */
export function tenantOf({ sub, tenant }: Claims): string {
  return tenant === undefined ? `u:${sub}` : `t:${tenant}`
}

/** An unsigned token for the local stack, which alone believes it. */
export function unsignedToken(uid: string, project: string): string {
  const now = Math.floor(Date.now() / 1000)
  const claims = {
    iss: `https://securetoken.google.com/${project}`,
    aud: project,
    sub: uid,
    user_id: uid,
    iat: now,
    exp: now + 3600,
    email: `${uid}@example.com`,
    email_verified: true,
  }
  return `${encoded({ alg: 'none', typ: 'JWT' })}.${encoded(claims)}.`
}

function encoded(content: object): string {
  const bytes = new TextEncoder().encode(JSON.stringify(content))
  return btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}
