/** Short messages at the edge of the page; those with something to do stay longer. */
export interface Toast {
  id: number
  text: string
  kind: 'info' | 'error'
  action?: { label: string; run: () => void }
}

export const toasts = $state<Toast[]>([])
let next = 1

export function toast(text: string, options: { kind?: Toast['kind']; action?: Toast['action'] } = {}) {
  const id = next++
  toasts.push({ id, text, kind: options.kind ?? 'info', action: options.action })
  if (toasts.length > 4) toasts.shift()
  setTimeout(() => dismiss(id), options.kind === 'error' ? 12_000 : options.action ? 8_000 : 4_000)
}

export function dismiss(id: number) {
  const at = toasts.findIndex((one) => one.id === id)
  if (at >= 0) toasts.splice(at, 1)
}

/** Says a failure in the server's own words. */
export function complain(error: unknown) {
  toast(error instanceof Error ? error.message : String(error), { kind: 'error' })
}
