/** A waiting job that is being changed. The address names it, at the place where it was asked for: `/?job=ID`. */
import { t } from '../i18n/index.svelte'
import { get, post, put } from './api'
import { make, queued } from './make'
import { go, route } from './router.svelte'
import { server, setJob } from './server.svelte'
import { complain, toast } from './toasts.svelte'
import type { Job, JobRequest, StoredBoard, Tool } from './types'

export const editing = {
  get job(): Job | null {
    return server.jobs[route.query.get('job') ?? ''] ?? null
  },
}

/** What the job that is being changed asked of a tool, if it is that tool's. */
export function asked(tool: Tool): JobRequest | null {
  const request = editing.job?.request
  return request?.tool === tool ? request : null
}

/** Opens the composer, the tool or the board that a job came from. */
export async function edit(job: Job) {
  const { tool, clip, style } = job.request
  if (tool === 'storyboard') {
    try {
      go(`/boards/${await boardOf(job)}?job=${job.id}`)
    } catch (error) {
      complain(error)
    }
  } else if (clip) go(`/clip/${clip}?tool=${tool === 'remix' && style ? 'style' : tool}&job=${job.id}`)
  else go(`/?job=${job.id}`)
}

/** The board that a job was made of; what another browser or a program asked for becomes one. */
async function boardOf(job: Job): Promise<string> {
  const { board, board_id } = job.request
  const there = board_id && (await get<StoredBoard>(`/api/boards/${board_id}`).catch(() => null))
  if (there) return there.id
  const name = job.prompt.slice(0, 60) || t('boards.untitled')
  const made = await post<StoredBoard>('/api/boards', { name, board })
  return made.id
}

/** Starts a job; or puts the request in the place of the job that is being changed, and goes back to the queue. */
export async function send(request: JobRequest): Promise<Job> {
  const old = editing.job
  if (!old) return make(request)
  // what no page has a control for stays as it was asked
  const { fps, steps, guidance, negative } = old.request
  const job = await put<Job>(`/api/jobs/${old.id}`, { fps, steps, guidance, negative, ...queued(request) })
  setJob(job)
  toast(t('queue.changed'))
  go('/queue')
  return job
}
