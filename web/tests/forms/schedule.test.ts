import { describe, expect, test } from 'vitest'

import { toLocalValue, toRfc3339, validateRunAt } from '../../src/forms/schedule'

describe('the value of the date-time field', () => {
  test('is sent with the offset of that date, in winter and in summer', () => {
    expect(toRfc3339('2026-01-15T09:30')).toBe('2026-01-15T09:30:00+01:00')
    expect(toRfc3339('2026-07-15T09:30')).toBe('2026-07-15T09:30:00+02:00')
  })

  test('is the local time of the moment', () => {
    expect(toLocalValue(new Date('2026-07-15T09:30:00+02:00'))).toBe('2026-07-15T09:30')
  })
})

test.each([
  ['', 'Please choose a date and time.'],
  ['2026-01-15T09:29', 'This time is in the past. Please choose a later one.'],
  ['2026-01-15T09:30', ''],
  ['2026-01-15T09:31', ''],
])('at 09:30, the value "%s" has the error "%s"', (local, error) => {
  expect(validateRunAt(local, Date.parse('2026-01-15T09:30:59+01:00'))).toBe(error)
})
