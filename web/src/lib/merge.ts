/** What several tabs of one browser keep together. */
type Fields = Record<string, unknown>
const fieldsOf = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value)

/** `stored` with what `now` has changed since `before` laid over it, one field at a time, records key by key. */
export function merge(stored: Fields, before: Fields, now: Fields): Fields {
  const whole = { ...stored }
  for (const [key, value] of Object.entries(now)) {
    const [old, other] = [before[key], stored[key]]
    if (JSON.stringify(value) === JSON.stringify(old)) continue
    whole[key] = fieldsOf(value) ? merge(fieldsOf(other) ? other : {}, fieldsOf(old) ? old : {}, value) : value
  }
  return whole
}
