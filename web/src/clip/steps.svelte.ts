/** The way back through the states of something that is edited by hand. */
export class Steps<T> {
  past = $state.raw<T[]>([])
  #last: T | undefined
  #timer: ReturnType<typeof setTimeout> | undefined

  /** Hears each state; a drag becomes one step, once it stands still. */
  hear(now: T) {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#keep(now), 250)
  }
  #keep(now: T) {
    clearTimeout(this.#timer)
    if (this.#last !== undefined && JSON.stringify(now) !== JSON.stringify(this.#last)) this.past = [...this.past.slice(-49), this.#last]
    this.#last = now
  }
  /** The state before `now`, if there is one. */
  undo(now: T): T | undefined {
    this.#keep(now)
    const before = this.past.at(-1)
    if (before === undefined) return
    this.past = this.past.slice(0, -1)
    this.#last = before
    return before
  }
  /** Begins anew. */
  clear(now: T) {
    clearTimeout(this.#timer)
    this.past = []
    this.#last = now
  }
}
