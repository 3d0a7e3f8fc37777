/** What is published, a page at a time. */
import { get, query } from '../lib/api'
import { complain } from '../lib/toasts.svelte'
import type { Post } from '../lib/types'

export type FeedSort = 'recent' | 'likes' | 'featured'

const PAGE = 60

export class Posts {
  items = $state.raw<Post[]>([])
  loaded = $state(false)
  #sort: FeedSort = 'recent'
  #cursor: string | null = null
  #loading = false
  /** Counts the lists, so that an old answer never lands in a new one. */
  #turn = 0

  /** Begins the list anew. */
  async show(sort: FeedSort) {
    this.#turn += 1
    this.#sort = sort
    await this.#load(null)
  }

  /** The next page, if there is one. */
  async more() {
    if (this.#cursor && !this.#loading) await this.#load(this.#cursor)
  }

  async #load(cursor: string | null) {
    const mine = this.#turn
    this.#loading = true
    try {
      const page = await get<{ items: Post[]; next_cursor: string | null }>('/api/feed' + query({ sort: this.#sort, limit: PAGE, cursor }))
      if (mine !== this.#turn) return
      const before = cursor ? this.items : []
      const known = new Set(before.map((post) => post.id))
      this.#cursor = page.next_cursor
      this.items = [...before, ...page.items.filter((post) => !known.has(post.id))]
      this.loaded = true
    } catch (error) {
      complain(error)
    } finally {
      if (mine === this.#turn) this.#loading = false
    }
  }

  /** A post as it is now. */
  set(post: Post) {
    const gone = this.#sort === 'featured' && !post.featured
    this.items = this.items.flatMap((one) => (one.id !== post.id ? [one] : gone ? [] : [post]))
  }
}
