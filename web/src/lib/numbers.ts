export const clamp = (value: number, low: number, high: number) => Math.min(high, Math.max(low, value))
/** To the nearest hundredth, so that times stay readable in files. */
export const hundredth = (value: number) => Math.round(value * 100) / 100
