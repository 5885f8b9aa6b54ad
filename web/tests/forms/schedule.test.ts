import { afterEach, describe, expect, test } from 'vitest'

import { describeRepeat, toLocalValue, toRfc3339, validateRunAt } from '../../src/forms/schedule'

const HOUR_MS = 3_600_000
const HOME = process.env['TZ']

afterEach(() => void (process.env['TZ'] = HOME))

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
  ['12027-01-15T09:30', 'Please choose a date and time.'],
  ['2026-01-15T09:29', 'This time is in the past. Please choose a later one.'],
  ['2026-01-15T09:30', ''],
  ['2026-01-15T09:31', ''],
])('at 09:30, the value "%s" has the error "%s"', (local, error) => {
  expect(validateRunAt(local, Date.parse('2026-01-15T09:30:59+01:00'))).toBe(error)
})

describe('a local time that the clocks skip', () => {
  const BEFORE = Date.UTC(1950, 0)

  test.each([
    ['Europe/Berlin', '2027-03-28T02:30', 'Sun, Mar 28, 02:00 AM to 03:00 AM', '2027-03-28T03:30:00+02:00'],
    ['Europe/Berlin', '2027-03-28T02:00', 'Sun, Mar 28, 02:00 AM to 03:00 AM', '2027-03-28T03:00:00+02:00'],
    ['America/New_York', '2027-03-14T02:30', 'Sun, Mar 14, 02:00 AM to 03:00 AM', '2027-03-14T03:30:00-04:00'],
    ['America/Sao_Paulo', '2018-11-04T00:00', 'Sun, Nov 4, 12:00 AM to 01:00 AM', '2018-11-04T01:00:00-02:00'],
    ['Africa/Cairo', '2027-04-30T00:30', 'Fri, Apr 30, 12:00 AM to 01:00 AM', '2027-04-30T01:30:00+03:00'],
    ['Australia/Lord_Howe', '2027-10-03T02:15', 'Sun, Oct 3, 02:00 AM to 02:30 AM', '2027-10-03T02:45:00+11:00'],
    ['Antarctica/Troll', '2027-03-28T02:30', 'Sun, Mar 28, 01:00 AM to 03:00 AM', '2027-03-28T04:30:00+02:00'],
    ['America/Nuuk', '2027-03-27T23:30', 'Sat, Mar 27, 11:00 PM to Sun, Mar 28, 12:00 AM', '2027-03-28T00:30:00-01:00'],
    ['Pacific/Apia', '2011-12-30T12:00', 'Fri, Dec 30, 12:00 AM to Sat, Dec 31, 12:00 AM', '2011-12-31T12:00:00+14:00'],
    [
      'Pacific/Kwajalein',
      '1993-08-21T12:00',
      'Sat, Aug 21, 12:00 AM to Sun, Aug 22, 12:00 AM',
      '1993-08-22T12:00:00+12:00',
    ],
    ['Africa/Monrovia', '1972-01-07T00:30', 'Fri, Jan 7, 12:00 AM to 12:44 AM', '1972-01-07T01:14:30+00:00'],
  ])('in %s, %s is refused with the gap %s', (zone, local, gap, sent) => {
    process.env['TZ'] = zone

    expect(validateRunAt(local, BEFORE).replaceAll('\u202f', ' ')).toBe(
      `This time does not exist: the clocks go forward from ${gap}. Please choose another one.`,
    )
    expect(toRfc3339(local, BEFORE)).toBe(sent)
  })

  test('does not include the first time after the gap, nor the last time before it', () => {
    expect(validateRunAt('2027-03-28T01:59', BEFORE)).toBe('')
    expect(toRfc3339('2027-03-28T01:59', BEFORE)).toBe('2027-03-28T01:59:00+01:00')
    expect(validateRunAt('2027-03-28T03:00', BEFORE)).toBe('')
    expect(toRfc3339('2027-03-28T03:00', BEFORE)).toBe('2027-03-28T03:00:00+02:00')
  })
})

describe('a local time that comes twice', () => {
  test.each([
    ['Europe/Berlin', '2026-10-25T02:30', '+02:00', '+01:00'],
    ['America/New_York', '2026-11-01T01:00', '-04:00', '-05:00'],
    ['America/Sao_Paulo', '2018-02-17T23:59', '-02:00', '-03:00'],
    ['Australia/Lord_Howe', '2027-04-04T01:45', '+11:00', '+10:30'],
    ['Antarctica/Troll', '2027-10-31T01:30', '+02:00', '+00:00'],
    ['Asia/Pyongyang', '2015-08-14T23:45', '+09:00', '+08:30'],
    ['Pacific/Kwajalein', '1969-09-30T12:00', '+11:00', '-12:00'],
  ])('in %s, %s means the first time, and the second once the first is past', (zone, local, first, second) => {
    process.env['TZ'] = zone
    const both = [first, second].map((offset) => Date.parse(`${local}:00${offset}`)) as [number, number]
    const expected = [first, second].map((offset, at) => [
      `${local}:00${offset}`,
      `The clocks go back, so this time comes twice. The ${at ? 'second' : 'first'} one counts (UTC${offset}).`,
      '',
    ])

    const meant = [both[0], both[0] + 60_001].map((now) => [
      toRfc3339(local, now),
      describeRepeat(local, now),
      validateRunAt(local, now),
    ])

    expect(meant).toEqual(expected)
    expect(validateRunAt(local, both[1] + 60_001)).toBe('This time is in the past. Please choose a later one.')
  })

  test('does not include the times around', () => {
    expect(describeRepeat('2026-10-25T01:59', 0)).toBe('')
    expect(describeRepeat('2026-10-25T03:00', 0)).toBe('')
    expect(describeRepeat('', 0)).toBe('')
  })
})

test('a time in a zone whose offset has seconds is sent in UTC', () => {
  process.env['TZ'] = 'Africa/Monrovia'

  expect(toRfc3339('1960-01-01T00:00', 0)).toBe('1960-01-01T00:44:30Z')
})

test('around each change of the clocks in each zone, what is sent has the local time of the field', () => {
  for (const zone of Intl.supportedValuesOf('timeZone')) {
    process.env['TZ'] = zone
    for (const change of listChanges(Date.UTC(2027, 0), Date.UTC(2028, 0))) {
      for (let hours = -26; hours <= 26; hours += 0.5) {
        const local = new Date(change + hours * HOUR_MS).toISOString().slice(0, 16)
        if (validateRunAt(local, 0)) continue
        const sent = toRfc3339(local, 0)
        expect([zone, sent.slice(0, 16), toLocalValue(new Date(sent))]).toEqual([zone, local, local])
      }
    }
  }
})

/** The hours in which the offset of the zone changes. */
function listChanges(from: number, to: number): number[] {
  const changes: number[] = []
  const offsetAt = (at: number) => new Date(at).getTimezoneOffset()
  for (let day = from; day < to; day += 24 * HOUR_MS) {
    if (offsetAt(day) === offsetAt(day + 24 * HOUR_MS)) continue
    for (let hour = day; hour < day + 24 * HOUR_MS; hour += HOUR_MS) {
      if (offsetAt(hour) !== offsetAt(hour + HOUR_MS)) changes.push(hour)
    }
  }
  return changes
}
