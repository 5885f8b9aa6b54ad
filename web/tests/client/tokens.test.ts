import { expect, test } from 'vitest'

import { createUnsignedToken, decodeClaims, tenantOf } from '../../src/client/tokens'

test('the claims of a token keep letters outside of ASCII', () => {
  expect(decodeClaims(createUnsignedToken('Ängström-ÿ', 'demo'))).toMatchObject({ sub: 'Ängström-ÿ', aud: 'demo' })
})

test('a shared tenant and a user with the same name are different tenants', () => {
  expect(tenantOf({ sub: 'ann' })).toBe('u:ann')
  expect(tenantOf({ sub: 'ann', tenant: null })).toBe('u:ann')
  expect(tenantOf({ sub: 'ann', tenant: 'ann' })).toBe('t:ann')
})

test('an unsigned token has the times that the API requires', () => {
  const times = { iat: expect.any(Number), exp: expect.any(Number), auth_time: expect.any(Number) }

  expect(decodeClaims(createUnsignedToken('ann', 'demo'))).toMatchObject(times)
})
