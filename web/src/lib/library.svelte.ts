/** The clips on the library page: one query, its pages as they are scrolled to, and what is selected. */
import { SvelteSet } from 'svelte/reactivity'
import { t } from '../i18n/index.svelte'
import { listClips, post, remove } from './api'
import { hear, loadFolders } from './server.svelte'
import { complain, toast } from './toasts.svelte'
import type { Clip } from './types'

export type Filters = {
  q?: string
  folder?: string
  favourite?: boolean
  bookmarked?: boolean
  tag?: string
  kind?: string
  tool?: string
  trash?: boolean
  sort?: string
  order?: string
}

export const library = $state({
  filters: {} as Filters,
  items: [] as Clip[],
  cursor: null as string | null,
  total: 0,
  loading: false,
  loaded: false,
  failed: '',
})
export const selected = new SvelteSet<string>()

const PAGE = 120
/** Counts the queries, so that an old answer never lands in a new list. */
let turn = 0

export async function show(filters: Filters) {
  const mine = ++turn
  library.filters = filters
  library.loading = true
  library.failed = ''
  try {
    const page = await listClips({ ...filters, limit: PAGE })
    if (mine !== turn) return
    library.items = page.items
    library.cursor = page.next_cursor
    library.total = page.total
    library.loaded = true
    const here = new Set(page.items.map((clip) => clip.id))
    for (const id of selected) if (!here.has(id)) selected.delete(id)
  } catch (error) {
    if (mine === turn) library.failed = error instanceof Error ? error.message : String(error)
  } finally {
    if (mine === turn) library.loading = false
  }
}

/** The list once more, where it was left if it is the same. */
export function showAgain(filters: Filters) {
  const same = library.loaded && JSON.stringify(filters) === JSON.stringify(library.filters)
  void (same ? refresh() : show(filters))
  return same
}

/** After a gap in the events: what is new at the head, without losing the place in a long list. */
async function refresh() {
  if (library.items.length <= PAGE) return show(library.filters)
  const { filters } = library
  const mine = turn
  const page = await listClips({ ...filters, limit: PAGE }).catch(() => null)
  if (page && mine === turn) page.items.forEach(apply)
}

export async function more() {
  const { filters, cursor, loading } = library
  if (loading || !cursor) return
  const mine = turn
  library.loading = true
  try {
    const page = await listClips({ ...filters, limit: PAGE, cursor })
    if (mine !== turn) return
    const known = new Set(library.items.map((clip) => clip.id))
    library.items.push(...page.items.filter((clip) => !known.has(clip.id)))
    library.cursor = page.next_cursor
    library.total = page.total
  } catch (error) {
    complain(error)
  } finally {
    if (mine === turn) library.loading = false
  }
}

/** Whether a clip belongs in the list as it is filtered now; words are the server's to judge. */
function fits(clip: Clip): boolean {
  const f = library.filters
  if (Boolean(f.trash) !== Boolean(clip.trashed_at)) return false
  if (f.favourite && !clip.favourite) return false
  if (f.bookmarked && !clip.bookmarked) return false
  if (f.folder && (f.folder === 'none' ? clip.folder_id !== null : clip.folder_id !== f.folder)) return false
  if (f.tag && !clip.tags.includes(f.tag)) return false
  if (f.kind && clip.kind !== f.kind) return false
  return !f.tool || clip.tool === f.tool
}

function apply(clip: Clip) {
  const at = library.items.findIndex((one) => one.id === clip.id)
  if (at >= 0) {
    if (fits(clip)) library.items[at] = clip
    else take(clip.id)
    return
  }
  const newestFirst = (library.filters.sort ?? 'created') === 'created' && library.filters.order !== 'asc'
  if (!library.loaded || library.filters.q || !newestFirst || !fits(clip)) return
  const place = library.items.findIndex((one) => one.created_at <= clip.created_at)
  library.items.splice(place < 0 ? library.items.length : place, 0, clip)
  library.total += 1
}

function take(id: string) {
  const at = library.items.findIndex((one) => one.id === id)
  if (at < 0) return
  library.items.splice(at, 1)
  library.total -= 1
  selected.delete(id)
}

/** Keeps the list in step with the server, whatever page is open; returns what ends it. */
export function follow(): () => void {
  return hear({ clip: apply, removed: take, refreshed: () => library.loaded && void refresh() })
}

export type Change = { favourite?: boolean; bookmarked?: boolean; folder_id?: string | null; trashed?: boolean; add_tags?: string[] }

function changed(clip: Clip, change: Change): Clip {
  const next = { ...clip }
  if (change.favourite !== undefined) next.favourite = change.favourite
  if (change.bookmarked !== undefined) next.bookmarked = change.bookmarked
  if (change.folder_id !== undefined) next.folder_id = change.folder_id
  if (change.trashed !== undefined) next.trashed_at = change.trashed ? new Date().toISOString() : null
  if (change.add_tags) next.tags = [...new Set([...clip.tags, ...change.add_tags])]
  return next
}

/** Changes clips at once on the page, then on the server; put back if the server refuses. */
export async function change(clips: Clip[], what: Change): Promise<boolean> {
  const before = $state.snapshot(clips) as Clip[]
  for (const clip of before) apply(changed(clip, what))
  try {
    await post('/api/clips/bulk', { ids: before.map((clip) => clip.id), ...what })
    if ('folder_id' in what || 'trashed' in what) void loadFolders()
    return true
  } catch (error) {
    for (const clip of before) apply(clip)
    complain(error)
    return false
  }
}

/** To the trash, or back, with the way to undo it. */
export async function trash(clips: Clip[], into = true) {
  const before = $state.snapshot(clips) as Clip[]
  if (!(await change(before, { trashed: into }))) return
  toast(t(into ? 'library.trashed' : 'library.restored', { n: before.length }), {
    action: { label: t('undo'), run: () => void change(before.map((clip) => changed(clip, { trashed: into })), { trashed: !into }) },
  })
}

export async function move(clips: Clip[], folder: string | null, name: string) {
  const before = $state.snapshot(clips) as Clip[]
  if (!(await change(before, { folder_id: folder }))) return
  const undo = () => {
    for (const origin of new Set(before.map((clip) => clip.folder_id))) {
      const group = before.filter((clip) => clip.folder_id === origin)
      void change(group.map((clip) => changed(clip, { folder_id: folder })), { folder_id: origin })
    }
  }
  toast(t('library.moved', { n: before.length, folder: name }), { action: { label: t('undo'), run: undo } })
}

/** For good. The caller has asked. */
export async function destroy(clips: Clip[]) {
  const ids = clips.map((clip) => clip.id)
  try {
    await post('/api/clips/bulk', { ids, delete: true })
    ids.forEach(take)
  } catch (error) {
    complain(error)
  }
}

/** All of it, for good, shown or not. The caller has asked. */
export async function emptyTrash() {
  await remove('/api/trash')
  await show(library.filters)
}
