/** Short messages at the edge of the page; those with something to do stay longer. */
import { said } from '../i18n/index.svelte'

export interface Toast {
  id: number
  text: string
  kind: 'info' | 'error'
  action?: { label: string; run: () => void }
  timer: ReturnType<typeof setTimeout>
}

export const toasts = $state<Toast[]>([])
let next = 1

export function toast(text: string, options: { kind?: Toast['kind']; action?: Toast['action'] } = {}) {
  const id = next++
  const kind = options.kind ?? 'info'
  // the same once more is said once, and stays longer; what can be undone is each time another thing
  const same = options.action ? undefined : toasts.find((one) => one.text === text && one.kind === kind && !one.action)
  if (same) dismiss(same.id)
  const timer = setTimeout(() => dismiss(id), kind === 'error' ? 12_000 : options.action ? 8_000 : 4_000)
  toasts.push({ id, text, kind, action: options.action, timer })
  if (toasts.length > 4) dismiss(toasts[0]!.id)
}

export function dismiss(id: number) {
  const at = toasts.findIndex((one) => one.id === id)
  if (at < 0) return
  clearTimeout(toasts[at]!.timer)
  toasts.splice(at, 1)
}

/** Says a failure as the server does. */
export function complain(error: unknown) {
  toast(said(error instanceof Error ? error.message : String(error)), { kind: 'error' })
}
