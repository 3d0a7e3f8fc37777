/** The one composer: other pages put prompts, pictures and settings into it. */
import { getClip } from './api'
import { editing } from './editing.svelte'
import { prefs } from './prefs.svelte'
import type { Aspect, Clip, Effort, Job, JobRequest, Resolution } from './types'

export const composer = $state({
  open: false,
  /** Counts the wishes to type, so that the prompt can take the focus each time. */
  focus: 0,
  attached: null as Clip | null,
  folder: null as string | null,
  /** Of a job that is being changed: its exact size, which holds while this shape is not changed. */
  size: null as Pick<JobRequest, 'size' | 'aspect' | 'resolution'> | null,
})

export function write() {
  composer.open = true
  composer.focus += 1
}

export function attach(clip: Clip) {
  composer.attached = clip
  prefs.composed.attached = clip.id
  write()
}
export function detach() {
  composer.attached = null
  prefs.composed.attached = null
}
/** After a reload: what was attached, if it is still there. */
export async function reattach() {
  const id = prefs.composed.attached
  if (!id || composer.attached) return
  const clip = await getClip(id).catch(() => null)
  if (id !== prefs.composed.attached) return
  if (clip && !clip.trashed_at) composer.attached = clip
  else detach()
}

export const newSeed = () => crypto.getRandomValues(new Uint32Array(1))[0]! % 2_147_483_648

type Settings = Pick<Clip, 'prompt' | 'style' | 'width' | 'height' | 'seconds' | 'seed'> & { variants?: number }

/** Takes over every setting of a clip, its seed locked, and what it began from. */
export function reuse(clip: Settings & Pick<Clip, 'settings'>) {
  fill((clip.settings ?? {}) as Partial<JobRequest>, clip)
}

/** Takes over a waiting job, to be changed; gives what puts back what was there before. */
export function change(job: Job): () => void {
  const before = $state.snapshot(prefs.composed)
  const asked = job.request
  fill(asked, { ...job, seed: asked.seed ?? null, style: null })
  const form = prefs.composed
  form.relaxed = job.class === 'relaxed'
  composer.size = { size: asked.size, aspect: form.aspect, resolution: form.resolution }
  return () => {
    prefs.composed = before
    composer.size = composer.attached = null
    void reattach()
  }
}

function fill(settings: Partial<JobRequest>, clip: Settings) {
  const form = prefs.composed
  form.prompt = settings.prompt ?? clip.prompt
  form.style = settings.style ?? clip.style ?? ''
  const aspects: Aspect[] = ['16:9', '1:1', '9:16']
  const shape = clip.width / clip.height
  form.aspect = aspects.includes(settings.aspect!) ? settings.aspect! : shape > 1.2 ? '16:9' : shape < 0.85 ? '9:16' : '1:1'
  const short = Math.min(clip.width, clip.height)
  const resolution: Resolution = short >= 1080 ? '1080p' : short >= 720 ? '720p' : '480p'
  form.resolution = settings.resolution ?? resolution
  form.seconds = settings.seconds ?? Math.max(1, Math.round(clip.seconds))
  form.variants = clip.variants ?? 1
  form.model = settings.model ?? ''
  const efforts: Effort[] = ['draft', 'standard', 'quality']
  form.effort = efforts.includes(settings.effort!) ? settings.effort! : 'standard'
  if (clip.seed !== null) {
    form.seed = clip.seed
    form.locked = true
  }
  form.attached = settings.image ?? settings.video ?? null
  composer.attached = null
  void reattach()
  write()
}

/** The request as it stands in the composer. */
export function request(): JobRequest {
  const form = prefs.composed
  const attached = composer.attached
  const folder = editing.job ? editing.job.folder_id : composer.folder
  const shape = composer.size
  return {
    tool: 'generate',
    prompt: form.prompt.trim(),
    ...(attached ? (attached.frames <= 1 ? { image: attached.id } : { video: attached.id }) : {}),
    aspect: form.aspect,
    resolution: form.resolution,
    seconds: form.seconds,
    variants: form.variants,
    effort: form.effort,
    ...(form.style ? { style: form.style } : {}),
    ...(form.model ? { model: form.model } : {}),
    ...(form.seed !== null && form.locked ? { seed: form.seed } : {}),
    ...(folder ? { folder_id: folder } : {}),
    ...(shape?.size && shape.aspect === form.aspect && shape.resolution === form.resolution ? { size: shape.size } : {}),
  }
}
