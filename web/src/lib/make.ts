/** Jobs, in the queue that their user wants: every page starts them here. */
import { t } from '../i18n/index.svelte'
import { ApiError, startJob } from './api'
import { prefs } from './prefs.svelte'
import { server, setJob } from './server.svelte'
import { toast } from './toasts.svelte'
import type { Job, JobRequest } from './types'

/** Whether the plan has a queue that costs nothing and waits behind others. */
export const relaxes = () => server.status?.plan?.relaxed === true

/** The request for the queue that was chosen, whichever it was made for before. */
export function queued(request: JobRequest): JobRequest {
  return { ...request, class: relaxes() && prefs.composed.relaxed ? 'relaxed' : undefined }
}

/** Starts a job. What the plan has too little left for goes to the relaxed queue, where there is one. */
export async function make(request: JobRequest): Promise<Job> {
  let job: Job
  try {
    job = await startJob(queued(request))
  } catch (error) {
    const usedUp = error instanceof ApiError && error.code === 'quota'
    if (!usedUp || !relaxes()) throw error
    job = await startJob({ ...request, class: 'relaxed' })
    toast(t('queue.instead'))
  }
  setJob(job)
  return job
}
