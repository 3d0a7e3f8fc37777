/** A clip in pieces, each kept or dropped. */
export interface Cut {
  from: number
  to: number
  keep: boolean
  /** How many times as fast it plays, where it is not as it is. */
  speed?: number
}

/** Splits the piece that holds `time`; pieces shorter than a fifth of a second are not made. */
export function split(cuts: Cut[], time: number, least = 0.2): Cut[] {
  return cuts.flatMap((cut) => {
    if (time - cut.from < least || cut.to - time < least) return [cut]
    const at = Math.round(time * 1000) / 1000
    return [
      { ...cut, to: at },
      { ...cut, from: at },
    ]
  })
}

/** What stays, as ranges: neighbours that play alike stay one, unless something is drawn between them. */
export function kept(cuts: Cut[]): { from: number; to: number; speed: number }[] {
  const all: { from: number; to: number; speed: number }[] = []
  for (const { from, to, speed = 1 } of cuts.filter((cut) => cut.keep)) {
    const last = all.at(-1)
    if (last && last.speed === speed && Math.abs(last.to - from) < 0.005) last.to = to
    else all.push({ from, to, speed })
  }
  return all
}

/** The pieces of a clip of which these ranges stay, at these speeds. */
export function cutsOf(ranges: [number, number][], seconds: number, speeds: number[] = []): Cut[] {
  const cuts: Cut[] = []
  let at = 0
  const parts = ranges.map(([from, to], index) => ({ from, to, keep: true, speed: speeds[index] }))
  for (const part of parts.sort((a, b) => a.from - b.from)) {
    if (part.from > at) cuts.push({ from: at, to: part.from, keep: false })
    cuts.push(part)
    at = part.to
  }
  if (at < seconds) cuts.push({ from: at, to: seconds, keep: false })
  return cuts
}
