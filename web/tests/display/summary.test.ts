import { expect, test } from 'vitest'

import type { Asset, Request } from '../../src/client'
import { bylineOf, fileNameOf, formatSize, titleOf } from '../../src/display/summary'

function assetRequest(input: Record<string, unknown>, result?: Record<string, unknown>): Request {
  return { type: 'medical_asset', input, result } as unknown as Request
}

function fileOf(practice: string, headline: string): string {
  const picture = { name: 'social.png' } as Asset
  return fileNameOf(assetRequest({ practice_name: practice }, { headline }), picture)
}

test.each([
  ['Open on Saturdays. Book now.', 'Open on Saturdays'],
  ['Back pain? Three exercises.', 'Back pain?'],
  ['Flu season\nCome by.', 'Flu season'],
  ['Dr. Weber is back on Monday. Book now.', 'Dr. Weber is back on Monday'],
  ['Ask for J. Smith or Prof. Haddad! Any time.', 'Ask for J. Smith or Prof. Haddad!'],
  ['We now have two drs. Weber.', 'We now have two drs. Weber'],
  ['Help for your hands. And feet.', 'Help for your hands'],
])('the title is the first sentence of the message until there is a headline: %j', (message, title) => {
  expect(titleOf(assetRequest({ primary_message: message }))).toBe(title)
})

test('the title is the headline, or the type if there is no message', () => {
  expect(titleOf(assetRequest({ primary_message: 'Drink water.' }, { headline: 'Water. Now' }))).toBe('Water')
  expect(titleOf({ ...assetRequest({}), type: 'blood_test' } as Request)).toBe('Blood test')
})

test('the byline names practice and doctor, or the input of other types', () => {
  const other = { ...assetRequest({ steps: 3, fail_times: 0, options: { deep: [1] } }), type: 'diagnostic' } as Request

  expect(bylineOf(assetRequest({ practice_name: 'Lakeside Dental', doctor_name: 'Dr. Weber' }))).toBe(
    'Lakeside Dental · Dr. Weber',
  )
  expect(bylineOf(assetRequest({ practice_name: 'Lakeside Dental' }))).toBe('Lakeside Dental')
  expect(bylineOf(other)).toBe('steps 3 · options {"deep":[1]}')
})

test.each([
  ['Lakeside Dental', 'Open on Saturdays', 'lakeside-dental-open-on-saturdays.png'],
  ['Zahnärzte Müller & Söhne', 'Für Sie', 'zahnarzte-muller-sohne-fur-sie.png'],
  ['Ιατρείο', 'Καλημέρα', 'ιατρειο-καλημερα.png'],
  ['कल', 'दाँत', 'कल-दाँत.png'],
  ['치과', '안녕', '치과-안녕.png'],
  ['(Lakeside)', 'Really?', 'lakeside-really.png'],
  ['Lakeside', `${'a'.repeat(50)} bc`, `lakeside-${'a'.repeat(50)}.png`],
])('the file name of %s has the words of practice and headline', (practice, headline, name) => {
  expect(fileOf(practice, headline)).toBe(name)
})

test('a size has at most one decimal', () => {
  expect([1, 499, 1_499, 999_499, 1_000_000, 12_345_678].map(formatSize)).toEqual([
    '1 kB',
    '1 kB',
    '1 kB',
    '999 kB',
    '1.0 MB',
    '12.3 MB',
  ])
})
