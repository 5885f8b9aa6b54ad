import { expect, test } from 'vitest'

import { claimsOf, tenantOf, unsignedToken } from '../src/tokens'

test('a token says who holds it, whatever letters the name has', () => {
  expect(claimsOf(unsignedToken('Ängström-ÿ', 'demo'))).toMatchObject({ sub: 'Ängström-ÿ', aud: 'demo' })
})

test('a tenant is told from a person who is named like it', () => {
  expect(tenantOf({ sub: 'ann' })).toBe('u:ann')
  expect(tenantOf({ sub: 'ann', tenant: 'ann' })).toBe('t:ann')
})
