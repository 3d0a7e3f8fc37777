/** Once more what made a clip. Its settings are the whole request, so nothing has to be remembered. */
import { t } from '../i18n/index.svelte'
import { reuse } from './composer.svelte'
import { make } from './make'
import { go } from './router.svelte'
import { complain, toast } from './toasts.svelte'
import type { Clip, Job, JobRequest } from './types'

/** What made a clip, or would have. */
export type Made = Pick<Clip, 'tool' | 'settings' | 'seed' | 'prompt' | 'style' | 'width' | 'height' | 'seconds'> & {
  /** How many there were to be; a clip is one. */
  variants?: number
}

/** A job as what it asks to make. */
export const madeBy = (job: Job): Made => ({ ...job, settings: { ...job.request }, seed: job.request.seed ?? null, style: null })

export const repeatable = (clip: Clip) => clip.settings !== null
export const isDraft = (clip: Clip) => repeatable(clip) && (clip.settings as Partial<JobRequest>).effort === 'draft'

/** With the same seed: a prompt goes into the composer, to be changed; a tool's work is done again as it was. */
export function again(clip: Made) {
  if (!['generate', 'upload'].includes(clip.tool) || !clip.settings) {
    if (clip.settings) void start(clip, { seed: clip.seed ?? undefined })
    return
  }
  go('/')
  reuse(clip)
}

/** The same with another seed. */
export const oneMore = (clip: Clip) => start(clip, { seed: undefined })

/** A draft at full effort, from the same seed. */
export const finish = (clip: Clip) => start(clip, { seed: clip.seed ?? undefined, effort: 'standard' })

async function start(clip: Made, change: Partial<JobRequest>) {
  const settings = clip.settings as unknown as JobRequest
  // undefined leaves a field out, so that the server chooses
  const request: JobRequest = { ...settings, variants: clip.variants ?? 1, ...change }
  try {
    await make(request)
    toast(t('tool.started'), { action: { label: t('nav.queue'), run: () => go('/queue') } })
  } catch (error) {
    complain(error)
  }
}
