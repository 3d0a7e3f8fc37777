/** Clips on their way from the library to a folder, the composer or a storyboard. */
import type { Clip } from './types'

const TYPE = 'application/x-kinora-clips'
/** What is dragged now: the data itself may be read only when it is dropped. */
let inHand: Clip[] = []

export function dragClips(event: DragEvent, clips: Clip[]) {
  inHand = clips
  event.dataTransfer?.setData(TYPE, clips.map((clip) => clip.id).join(','))
  event.dataTransfer?.setData('text/plain', clips.map((clip) => clip.prompt || clip.title).join('\n'))
  if (event.dataTransfer) event.dataTransfer.effectAllowed = 'copyMove'
}

export const takesClips = (event: DragEvent) => event.dataTransfer?.types.includes(TYPE) ?? false
export const takesFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false

export function droppedClips(event: DragEvent): Clip[] {
  return takesClips(event) ? inHand : []
}

export const droppedFiles = (event: DragEvent): File[] => [...(event.dataTransfer?.files ?? [])]
/** What the server reads; the chooser of files offers these. */
export const ACCEPTED = 'video/mp4,image/gif,image/png,image/jpeg,image/webp,video/webm,video/quicktime'
