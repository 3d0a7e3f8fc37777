export const clamp = (value: number, low: number, high: number) => Math.min(high, Math.max(low, value))
/** To the nearest hundredth, so that times stay readable in files. */
export const hundredth = (value: number) => Math.round(value * 100) / 100

/** The speeds of footage that are offered, and the one that is set. */
export const speeds = (set: number) => [...new Set([0.25, 0.5, 1, 2, 4, set])].sort((a, b) => a - b)
