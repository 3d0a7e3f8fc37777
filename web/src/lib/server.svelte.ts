/** What is shared by all pages and comes from the server: status, folders, styles, jobs, counts. */
import { get, listClips, post, remove } from './api'
import { prefs } from './prefs.svelte'
import { complain } from './toasts.svelte'
import type { Clip, Counts, Folder, Job, Status, Style, StyleSaid } from './types'

export const server = $state({
  status: null as Status | null,
  /** Set when not even the status could be had. */
  unreachable: '',
  signedOut: false,
  online: false,
  folders: [] as Folder[],
  styles: [] as Style[],
  jobs: {} as Record<string, Job>,
  bookmarks: 0,
  counts: { clips: 0, favourites: 0, trash: 0, queued: 0, running: 0 } as Counts,
})

type Listener = { clip?: (clip: Clip) => void; removed?: (id: string) => void; refreshed?: () => void; job?: (job: Job) => void }
const listeners = new Set<Listener>()

/** Hears about clips and jobs as they change; returns what ends it. */
export function hear(listener: Listener): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** Tells the pages of a clip at once, before the server's event comes. */
export function told(clip: Clip) {
  for (const listener of listeners) listener.clip?.(clip)
}

const waits = (job: Job) => job.status === 'queued'
export const active = (job: Job) => waits(job) || job.status === 'running'

/** Those that run, then those that wait, in the order in which they will be served. */
export function activeJobs(): Job[] {
  const rank = (job: Job) => (job.status === 'running' ? -1 : (job.place ?? 1e9))
  return Object.values(server.jobs)
    .filter(active)
    .sort((a, b) => rank(a) - rank(b) || a.created_at.localeCompare(b.created_at))
}

/** Those that were stopped on the way and can be gone on with, the latest first. */
export function stoppedJobs(): Job[] {
  return Object.values(server.jobs)
    .filter((job) => job.resumable)
    .sort((a, b) => (b.finished_at ?? '').localeCompare(a.finished_at ?? ''))
}

export function setJob(job: Job) {
  server.jobs[job.id] = job
  for (const listener of listeners) listener.job?.(job)
}

export async function loadStatus(): Promise<boolean> {
  try {
    server.status = await get<Status>('/api/status')
    server.unreachable = ''
    server.signedOut = server.status.auth.required && !server.status.auth.user
    return !server.signedOut
  } catch (error) {
    server.unreachable = error instanceof Error ? error.message : String(error)
    return false
  }
}

/** Folders with their sizes, and the one shelf whose size is not among the counts. */
export async function loadFolders() {
  try {
    const [folders, bookmarks] = await Promise.all([get<{ items: Folder[] }>('/api/folders'), listClips({ bookmarked: true, limit: 1 })])
    server.folders = folders.items
    server.bookmarks = bookmarks.total
  } catch (error) {
    complain(error)
  }
}

export async function loadStyles() {
  try {
    server.styles = (await get<{ items: Style[] }>('/api/styles')).items
  } catch (error) {
    complain(error)
  }
}

/** A style in the language of the pages. */
export const spoken = (style: Style): StyleSaid => (prefs.lang === 'zh' ? style.zh : style)

let placesTimer: ReturnType<typeof setTimeout> | undefined

/** The server tells waiting jobs of a new place, not of each new guess of the job before them: those are asked for. */
function askPlaces() {
  if (placesTimer || !Object.values(server.jobs).some(waits)) return
  placesTimer = setTimeout(async () => {
    const said = await get<{ items: Job[] }>('/api/jobs?status=queued&limit=100').catch(() => null)
    placesTimer = undefined
    // those that began meanwhile have told it themselves
    for (const job of said?.items ?? []) if (server.jobs[job.id] && waits(server.jobs[job.id]!)) setJob(job)
  }, 2000)
}

let events: EventSource | undefined
let connectedBefore = false
let folderTimer: ReturnType<typeof setTimeout> | undefined

/** Opens the stream of events. The browser reconnects by itself; each connection begins with a snapshot. */
export function listen() {
  events?.close()
  events = new EventSource('/api/events')
  const on = <T>(name: string, act: (data: T) => void) =>
    events!.addEventListener(name, (event) => act(JSON.parse((event as MessageEvent<string>).data) as T))
  events.onerror = () => {
    server.online = false
    // a refusal (not a lost line) closes the stream for good: see why, and try again later
    if (events?.readyState === EventSource.CLOSED) setTimeout(async () => (await loadStatus()) && listen(), 3000)
  }
  on<{ jobs: Job[]; counts: Counts }>('snapshot', (snapshot) => {
    const finished = Object.entries(server.jobs).filter(([, job]) => !active(job) && !job.resumable)
    server.jobs = Object.fromEntries([...finished, ...snapshot.jobs.map((job) => [job.id, job] as const)])
    server.counts = snapshot.counts
    server.online = true
    // what happened while the line was down is not told again
    if (connectedBefore) for (const listener of listeners) listener.refreshed?.()
    connectedBefore = true
  })
  on<Job>('job', (job) => {
    setJob(job)
    if (job.status === 'running') askPlaces()
  })
  on<{ id: string }>('job_removed', ({ id }) => delete server.jobs[id])
  on<Clip>('clip', (clip) => {
    told(clip)
    clearTimeout(folderTimer)
    folderTimer = setTimeout(loadFolders, 800)
  })
  on<{ id: string }>('clip_removed', ({ id }) => {
    for (const listener of listeners) listener.removed?.(id)
  })
  on<Counts>('counts', (counts) => (server.counts = counts))
}

/** Moves one of the waiting jobs before another, or behind all of them: at once on the page, then on the server. */
export async function moveJob(waiting: Job[], id: string, before: string | null) {
  const job = waiting.find((one) => one.id === id)
  if (!job || before === id) return
  const line = waiting.filter((one) => one.id !== id)
  const at = before ? line.findIndex((one) => one.id === before) : line.length
  if (at < 0 || waiting[at] === job) return
  line.splice(at, 0, job)
  // others' jobs may stand between: one's own change places among the places that they have
  const places = waiting.map((one) => one.place)
  const old = waiting.map((one) => ({ ...one }))
  line.forEach((one, place) => (server.jobs[one.id] = { ...one, place: places[place] ?? null, eta_seconds: null }))
  try {
    setJob(await post<Job>(`/api/jobs/${id}/move`, before ? { before } : {}))
  } catch (error) {
    old.forEach((one) => (server.jobs[one.id] = one))
    complain(error)
  }
}

export async function jobAct(job: Job, verb: 'cancel' | 'retry' | 'front' | 'pause' | 'resume' | 'forget') {
  try {
    if (verb === 'forget') {
      await remove(`/api/jobs/${job.id}`)
      delete server.jobs[job.id]
    } else {
      const said = await post<Job | undefined>(`/api/jobs/${job.id}/${verb}`)
      if (said?.id) setJob(said)
    }
  } catch (error) {
    complain(error)
  }
}
