/** Small changes to words. */
export function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/** `practice_name` becomes "Practice name". */
export function humanize(name: string): string {
  return capitalize(name.replaceAll('_', ' '))
}
