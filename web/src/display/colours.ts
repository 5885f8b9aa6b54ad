/** Brand colours: the suggestions of the form, and the text colour for the sketch of an asset. */
export const DEFAULT_COLOUR = '#1F5C63'

export const SWATCHES = [
  { name: 'Lagoon', hex: '#1F5C63' },
  { name: 'Forest', hex: '#2F6B4F' },
  { name: 'Ink', hex: '#1F3A5F' },
  { name: 'Plum', hex: '#6B3F69' },
  { name: 'Terracotta', hex: '#A44A3F' },
  { name: 'Sand', hex: '#E4D5B7' },
]

export function isHex(value: unknown): value is string {
  return typeof value === 'string' && /^#[0-9a-f]{6}$/i.test(value)
}

/** The same rule as in the asset: white where it has a contrast of 4.5 (WCAG), else nearly black. */
export function textColourOn(hex: string): '#ffffff' | '#16201f' {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => toLinear(parseInt(hex.slice(at, at + 2), 16) / 255))
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.1833 ? '#16201f' : '#ffffff'
}

function toLinear(channel: number): number {
  return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4
}
