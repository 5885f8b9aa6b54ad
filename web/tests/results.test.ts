import { expect, test } from 'vitest'

import type { Asset, Request } from '../src/api'
import { byline, fileName, size, titleOf } from '../src/results'

function asset(input: Record<string, unknown>, result?: Record<string, unknown>): Request {
  return { type: 'medical_asset', input, result } as unknown as Request
}

function fileOf(practice: string, headline: string): string {
  const picture = { name: 'social.png' } as Asset
  return fileName(asset({ practice_name: practice }, { headline }), picture)
}

test.each([
  ['Open on Saturdays. Book now.', 'Open on Saturdays'],
  ['Back pain? Three exercises.', 'Back pain?'],
  ['Flu season\nCome by.', 'Flu season'],
  ['Dr. Weber is back on Monday. Book now.', 'Dr. Weber is back on Monday'],
  ['Ask for J. Smith or Prof. Haddad! Any time.', 'Ask for J. Smith or Prof. Haddad!'],
  ['We now have two drs. Weber.', 'We now have two drs. Weber'],
  ['Help for your hands. And feet.', 'Help for your hands'],
])('what has no headline yet is called by its first sentence: %j', (message, title) => {
  expect(titleOf(asset({ primary_message: message }))).toBe(title)
})

test('a request is called by its headline, else by what it is', () => {
  expect(titleOf(asset({ primary_message: 'Drink water.' }, { headline: 'Water. Now' }))).toBe('Water')
  expect(titleOf({ ...asset({}), type: 'blood_test' } as Request)).toBe('Blood test')
})

test('the line below names practice and doctor, or whatever was asked', () => {
  const other = { ...asset({ steps: 3, fail_times: 0, options: { deep: [1] } }), type: 'diagnostic' } as Request

  expect(byline(asset({ practice_name: 'Lakeside Dental', doctor_name: 'Dr. Weber' }))).toBe('Lakeside Dental · Dr. Weber')
  expect(byline(asset({ practice_name: 'Lakeside Dental' }))).toBe('Lakeside Dental')
  expect(byline(other)).toBe('steps 3 · options {"deep":[1]}')
})

test.each([
  ['Lakeside Dental', 'Open on Saturdays', 'lakeside-dental-open-on-saturdays.png'],
  ['Zahnärzte Müller & Söhne', 'Für Sie', 'zahnarzte-muller-sohne-fur-sie.png'],
  ['Ιατρείο', 'Καλημέρα', 'ιατρειο-καλημερα.png'],
  ['कल', 'दाँत', 'कल-दाँत.png'],
  ['치과', '안녕', '치과-안녕.png'],
  ['(Lakeside)', 'Really?', 'lakeside-really.png'],
  ['Lakeside', `${'a'.repeat(50)} bc`, `lakeside-${'a'.repeat(50)}.png`],
])('a file of %s is found by its words', (practice, headline, name) => {
  expect(fileOf(practice, headline)).toBe(name)
})

test('a size has no more digits than anybody reads', () => {
  expect([1, 499, 1_499, 999_499, 1_000_000, 12_345_678].map(size)).toEqual([
    '1 kB',
    '1 kB',
    '1 kB',
    '999 kB',
    '1.0 MB',
    '12.3 MB',
  ])
})
