/** Reads and creates ID tokens. Nothing is verified here: the API and the Firestore rules verify tokens. */
export interface Claims {
  sub: string
  tenant?: string | null
  name?: string
  email?: string
}

export function decodeClaims(token: string): Claims {
  const payload = token.split('.')[1] ?? ''
  const bytes = Uint8Array.from(atob(payload.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0))
  return JSON.parse(new TextDecoder().decode(bytes))
}

/** The tenant in the format of the record and the rules: `t:` for a shared tenant, `u:` for a single user. */
export function tenantOf({ sub, tenant }: Claims): string {
  return tenant == null ? `u:${sub}` : `t:${tenant}`
}

/** An unsigned token. Only the local stack accepts it. */
export function createUnsignedToken(uid: string, project: string): string {
  const now = Math.floor(Date.now() / 1000)
  const claims = {
    iss: `https://securetoken.google.com/${project}`,
    aud: project,
    sub: uid,
    user_id: uid,
    iat: now,
    exp: now + 3600,
    auth_time: now,
    email: `${uid}@example.com`,
    email_verified: true,
  }
  return `${encodePart({ alg: 'none', typ: 'JWT' })}.${encodePart(claims)}.`
}

function encodePart(content: object): string {
  const bytes = new TextEncoder().encode(JSON.stringify(content))
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}
