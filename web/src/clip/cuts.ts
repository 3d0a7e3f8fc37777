/** A clip in pieces, each kept or dropped. */
export interface Cut {
  from: number
  to: number
  keep: boolean
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

/** The pieces of a clip of which these ranges stay. */
export function cutsOf(ranges: [number, number][], seconds: number): Cut[] {
  const cuts: Cut[] = []
  let at = 0
  for (const [from, to] of [...ranges].sort((a, b) => a[0] - b[0])) {
    if (from > at) cuts.push({ from: at, to: from, keep: false })
    cuts.push({ from, to, keep: true })
    at = to
  }
  if (at < seconds) cuts.push({ from: at, to: seconds, keep: false })
  return cuts
}
