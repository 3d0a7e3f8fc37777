/** One board while it is edited: its cards, what is selected, the way back, and the copy on the server. */
import { getClip, get, put } from '../lib/api'
import { hundredth } from '../lib/numbers'
import { complain } from '../lib/toasts.svelte'
import type { Board, Clip, StoredBoard } from '../lib/types'
import { footage, place, plain, split, type Item } from './timeline'

/** Seconds of the longest board. */
export const LONGEST = 120

type Scene = Omit<Board, 'cards'>
interface Snapshot {
  scene: Scene
  cards: Item[]
}

export class Editor {
  name = $state('')
  scene = $state<Scene>({ duration: 10, aspect: '16:9', resolution: '480p', prompt: '', seed: null, style: null })
  cards = $state<Item[]>([])
  selected = $state(-1)
  /** The playhead, in seconds. */
  time = $state(0)
  playing = $state(false)
  loaded = $state(false)
  failed = $state('')
  saving = $state<'saved' | 'waiting' | 'failed'>('saved')
  /** Clips that cards name, as they are fetched. */
  clips = $state<Record<string, Clip | null>>({})
  past = $state.raw<Snapshot[]>([])
  future = $state.raw<Snapshot[]>([])

  #next = 1
  #timer: ReturnType<typeof setTimeout> | undefined
  #last: Snapshot | undefined

  constructor(readonly id: string) {}

  get card(): Item | undefined {
    return this.cards.find((card) => card.key === this.selected)
  }
  get board(): Board {
    return plain($state.snapshot(this.scene) as Scene, $state.snapshot(this.cards) as Item[])
  }

  async load() {
    try {
      const stored = await get<StoredBoard>(`/api/boards/${this.id}`)
      const { cards, ...scene } = stored.board
      this.name = stored.name
      this.scene = { ...this.scene, ...scene }
      this.cards = (cards ?? []).map((card) => ({ ...card, key: this.#next++ }))
      this.#last = this.#snapshot()
      this.loaded = true
      for (const card of this.cards) this.need(card.clip ?? card.image)
    } catch (error) {
      this.failed = error instanceof Error ? error.message : String(error)
    }
  }

  need(id: string | undefined) {
    if (!id || id in this.clips) return
    this.clips[id] = null
    getClip(id).then(
      (clip) => (this.clips[id] = clip),
      () => {},
    )
  }

  #snapshot(): Snapshot {
    return { scene: $state.snapshot(this.scene) as Scene, cards: $state.snapshot(this.cards) as Item[] }
  }

  /** After an edit is whole (a drag ended, a pause in typing): one step to undo, and saved soon. */
  commit() {
    const now = this.#snapshot()
    if (this.#last && JSON.stringify(now) === JSON.stringify(this.#last)) return
    if (this.#last) this.past = [...this.past.slice(-99), this.#last]
    this.future = []
    this.#last = now
    this.save()
  }
  undo() {
    this.commit()
    const before = this.past.at(-1)
    if (!before) return
    this.future = [...this.future, this.#snapshot()]
    this.past = this.past.slice(0, -1)
    this.#restore(before)
  }
  redo() {
    const after = this.future.at(-1)
    if (!after) return
    this.past = [...this.past, this.#snapshot()]
    this.future = this.future.slice(0, -1)
    this.#restore(after)
  }
  #restore(snapshot: Snapshot) {
    this.scene = { ...snapshot.scene }
    this.cards = snapshot.cards.map((card) => ({ ...card }))
    this.#last = snapshot
    if (!this.card) this.selected = -1
    this.save()
  }

  /** Soon, with all that stands in the fields by then: called at each letter. */
  save() {
    this.saving = 'waiting'
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.flush(), 600)
  }
  async flush() {
    if (!this.loaded) return
    this.commit()
    clearTimeout(this.#timer)
    if (this.saving === 'saved') return
    const body = this.#stored()
    try {
      await put(`/api/boards/${this.id}`, body)
      this.saving = JSON.stringify(body) === JSON.stringify(this.#stored()) ? 'saved' : 'waiting'
    } catch (error) {
      this.saving = 'failed'
      complain(error)
    }
  }
  #stored() {
    return { name: this.name.trim() || '…', board: this.board }
  }
  /** From the playhead on; from the beginning if it stands at the end. */
  play() {
    if (this.time >= this.scene.duration - 0.01) this.time = 0
    this.playing = true
  }

  add(card: Omit<Item, 'key' | 'at'>, at: number) {
    const item = { ...card, at: 0, key: this.#next++ } as Item
    this.cards.push({ ...item, at: place(this.cards, item, at, this.scene.duration) })
    this.selected = item.key
    this.commit()
  }
  addClip(clip: Clip, at: number) {
    this.clips[clip.id] = clip
    if (clip.frames <= 1) return this.add({ image: clip.id, strength: 1 }, at)
    // footage that finds no room makes the board longer
    const ends = this.cards.map((card) => card.at + footage(card))
    const room = Math.max(at, 0) + clip.seconds
    const crowded = this.cards.some((card) => card.clip && card.at < room && card.at + footage(card) > at)
    const end = crowded ? Math.max(...ends) + clip.seconds : room
    if (end > this.scene.duration) this.scene.duration = Math.min(LONGEST, Math.ceil(end))
    this.add({ clip: clip.id, in: 0, out: hundredth(clip.seconds) }, at)
  }
  split() {
    // the chosen card, else whatever lies under the playhead: footage before words
    const under = [...this.cards].sort((a, b) => Number(Boolean(b.clip)) - Number(Boolean(a.clip)))
    let halves: [Item, Item] | null = null
    let card: Item | undefined
    for (card of this.card ? [this.card, ...under] : under) {
      halves = split(this.cards, card, this.time, this.scene.duration, this.#next)
      if (halves) break
    }
    if (!halves) return false
    this.#next += 1
    const parts = halves
    this.cards = this.cards.flatMap((one) => (one.key === card!.key ? parts : [one]))
    this.selected = parts[1].key
    this.commit()
    return true
  }
  duplicate() {
    const card = this.card
    if (!card) return
    const { key: _, at, ...rest } = $state.snapshot(card) as Item
    const long = card.clip ? footage(card) : 1
    if (at + 2 * long > this.scene.duration && card.clip) this.scene.duration = Math.min(LONGEST, Math.ceil(at + 2 * long))
    this.add(rest, at + long)
  }
  drop() {
    this.cards = this.cards.filter((card) => card.key !== this.selected)
    this.selected = -1
    this.commit()
  }
}
