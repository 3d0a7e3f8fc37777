import type { Clip } from '../lib/types'

/** Clips that one press made, shown as one tile whose variants are leafed through. */
export interface Group {
  key: string
  clips: Clip[]
}

export function group(clips: Clip[]): Group[] {
  const groups: Group[] = []
  const byJob = new Map<string, Group>()
  for (const clip of clips) {
    const job = clip.variants > 1 ? clip.job_id : null
    const known = job ? byJob.get(job) : undefined
    if (known) {
      known.clips.push(clip)
      continue
    }
    const fresh = { key: job ?? clip.id, clips: [clip] }
    if (job) byJob.set(job, fresh)
    groups.push(fresh)
  }
  for (const one of groups) if (one.clips.length > 1) one.clips.sort((a, b) => a.variant - b.variant)
  return groups
}
