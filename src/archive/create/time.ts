/** The time that a list has of an entry: that of its clock, where that is a natural number. */
export function timeOf (entry: unknown): number {
  const time = ownValue(ownValue(entry, 'clock'), 'time')
  return Number.isSafeInteger(time) && (time as number) >= 0 ? time as number : 0
}

const ownValue = (value: unknown, key: string): unknown => {
  return value != null && typeof value === 'object' && Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined
}
