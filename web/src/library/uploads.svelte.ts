import { said, t } from '../i18n/index.svelte'
import { upload } from '../lib/api'
import { told } from '../lib/server.svelte'
import { toast } from '../lib/toasts.svelte'
import type { Clip } from '../lib/types'

/** Files on their way to the server. */
export const uploads = $state<{ id: number; name: string; part: number }[]>([])
let next = 1

/** Uploads one after the other, so that each goes as fast as the line allows; returns those that arrived. */
export async function uploadAll(files: File[], folder: string | null): Promise<Clip[]> {
  const arrived: Clip[] = []
  for (const file of files) {
    const id = next++
    uploads.push({ id, name: file.name, part: 0 })
    try {
      const clip = await upload(file, folder, (part) => {
        const one = uploads.find((other) => other.id === id)
        if (one) one.part = part
      })
      told(clip)
      arrived.push(clip)
    } catch (error) {
      toast(t('library.notuploaded', { name: file.name, why: said(error instanceof Error ? error.message : String(error)) }), { kind: 'error' })
    } finally {
      uploads.splice(uploads.findIndex((other) => other.id === id), 1)
    }
  }
  return arrived
}
