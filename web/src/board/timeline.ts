/** Cards on a timeline: what they cover, where they may lie, and what lies between them. Pure functions. */
import { clamp, hundredth } from '../lib/numbers'
import type { Board, Card } from '../lib/types'

/** A card as it is edited: with a key that stays while the cards change their order. */
export type Item = Card & { key: number }

export type Kind = 'text' | 'image' | 'clip'
export const kindOf = (card: Card): Kind => (card.clip ? 'clip' : card.image ? 'image' : 'text')

/** How many times as fast a card's footage plays. */
export const speed = (card: Card) => card.speed ?? 1

/** Seconds of the board that a card's footage takes: none for words and pictures. */
export const footage = (card: Card) => (card.clip ? Math.max(0, (card.out ?? 0) - (card.in ?? 0)) / speed(card) : 0)

/** The second of its clip that a card shows at a time of the board. */
export const seen = (card: Card, time: number) => (card.in ?? 0) + (time - card.at) * speed(card)

export const sorted = (cards: Item[]) => [...cards].sort((a, b) => a.at - b.at || a.key - b.key)

/** How far a card reaches: a clip to its end, words until other words come, a picture is a moment. */
export function reach(cards: Item[], card: Item, duration: number): number {
  if (card.clip) return card.at + footage(card)
  if (card.image) return card.at
  const next = sorted(cards).find((other) => other.key !== card.key && other.at > card.at + 1e-6 && (kindOf(other) === 'text' || other.text))
  return next ? next.at : duration
}

/**
 * A free place near `at`: nothing leaves the board, and neither footage nor pictures lie over footage. Words may: they
 * hold from there on, and are heard where something is drawn.
 */
export function place(cards: Item[], card: Item, at: number, duration: number): number {
  const long = footage(card)
  const wished = clamp(at, 0, Math.max(0, duration - long))
  if (kindOf(card) === 'text') return hundredth(wished)
  const others = cards.filter((other) => other.key !== card.key && other.clip)
  const hit = (from: number) => others.find((other) => from < other.at + footage(other) - 1e-6 && from + Math.max(long, 1e-3) > other.at + 1e-6)
  if (!hit(wished)) return hundredth(wished)
  const places = others.flatMap((other) => [other.at - long, other.at + footage(other)]).filter((from) => from >= -1e-6 && from + long <= duration + 1e-6 && !hit(from))
  places.sort((a, b) => Math.abs(a - wished) - Math.abs(b - wished))
  return hundredth(places[0] ?? wished)
}

export interface Stretch {
  from: number
  to: number
  /** Too close to meet both cards without a jump, or so wide that what comes between is free. */
  hint: 'close' | 'wide' | ''
}

/** What the embedded model bridges without a jump. */
const CLOSE = 1
const WIDE = 5

/** The stretches between footage and pictures, which will be drawn. */
export function drawn(cards: Item[], duration: number): Stretch[] {
  const stretches: Stretch[] = []
  let from = 0
  for (const card of sorted(cards).filter((one) => kindOf(one) !== 'text')) {
    if (card.at - from > 0.01) stretches.push({ from, to: card.at, hint: '' })
    from = Math.max(from, card.at + footage(card))
  }
  if (duration - from > 0.01) stretches.push({ from, to: duration, hint: '' })
  const times = cards.map((card) => card.at)
  for (const one of stretches) {
    const led = times.some((time) => time > one.from + 1e-6 && time < one.to - 1e-6)
    if (one.to - one.from > WIDE && !led) one.hint = 'wide'
  }
  return stretches
}

/** Neighbouring footage and pictures that are too close for one flowing shot; words may change at any time. */
export function close(cards: Item[]): Stretch[] {
  const all = sorted(cards).filter((card) => kindOf(card) !== 'text')
  return all.slice(1).flatMap((card, index) => {
    const before = all[index]!
    const from = before.at + footage(before)
    const length = card.at - from
    return card.gap !== 'cut' && length > 1e-6 && length < CLOSE ? [{ from, to: card.at, hint: 'close' as const }] : []
  })
}

/** What the spacing of the cards leads to: a jump at a card, or a long stretch beside it that nothing leads. */
export interface Hint {
  kind: 'close' | 'before' | 'after'
  seconds: number
  card: Item
}

/** In order of time; each names the card that is to be moved or joined by another. */
export function hints(cards: Item[], duration: number): Hint[] {
  const all = sorted(cards)
  const wide = drawn(cards, duration).filter((one) => one.hint)
  return [...wide, ...close(cards)]
    .sort((a, b) => a.from - b.from)
    .flatMap(({ from, to, hint }): Hint[] => {
      const seconds = to - from
      const before = all.findLast((card) => card.at <= from + 1e-6)
      const after = all.find((card) => card.at >= to - 1e-6)
      if (hint === 'close') return after ? [{ kind: 'close', seconds, card: after }] : []
      if (before) return [{ kind: 'after', seconds, card: before }]
      return after ? [{ kind: 'before', seconds, card: after }] : []
    })
}

/** A card in two at `time`: footage is parted, words and pictures are met again. Returns null where that makes no sense. */
export function split(cards: Item[], card: Item, time: number, duration: number, key: number): [Item, Item] | null {
  const end = reach(cards, card, duration)
  if (card.image || time <= card.at + 0.1 || time >= end - 0.1) return null
  if (!card.clip) return [{ ...card }, { ...card, key, at: hundredth(time), gap: 'flow' }]
  const middle = hundredth(seen(card, time))
  return [
    { ...card, out: middle },
    { ...card, key, at: hundredth(card.at + (middle - (card.in ?? 0)) / speed(card)), in: middle, gap: 'flow' },
  ]
}

/** The board as the server reads it: without keys, in order of time. */
export function plain(board: Omit<Board, 'cards'>, cards: Item[]): Board {
  return { ...board, cards: sorted(cards).map(({ key: _, ...card }) => card) }
}

/** Whether two boards say the same, in whatever order their fields stand. */
export function same(one: unknown, other: unknown): boolean {
  const fields = (_: string, value: unknown) => (typeof value === 'object' && value && !Array.isArray(value) ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value)
  return JSON.stringify(one, fields) === JSON.stringify(other, fields)
}

/** Distance of the ruler's marks, so that they stay readable at `scale` pixels a second. */
export function tick(scale: number): number {
  return [0.1, 0.25, 0.5, 1, 2, 5, 10].find((one) => one * scale >= 56) ?? 20
}
