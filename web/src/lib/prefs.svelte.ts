/** What this browser remembers about its user. */
import { merge } from './merge'
import type { Aspect, Effort, Resolution } from './types'

export interface Composed {
  prompt: string
  style: string
  aspect: Aspect
  resolution: Resolution
  seconds: number
  variants: number
  seed: number | null
  locked: boolean
  effort: Effort
  model: string
  /** Id of the picture or clip that it begins from. */
  attached: string | null
  /** Whether clips wait in the queue that costs nothing, where the plan has one. */
  relaxed: boolean
}

interface Prefs {
  theme: 'system' | 'dark' | 'light'
  lang: 'en' | 'zh'
  view: 'grid' | 'list'
  tile: number
  history: string[]
  composed: Composed
}

const KEY = 'kinora'
const first: Prefs = {
  theme: 'system',
  lang: typeof navigator !== 'undefined' && navigator.language.startsWith('zh') ? 'zh' : 'en',
  view: 'grid',
  tile: 190,
  history: [],
  composed: { prompt: '', style: '', aspect: '16:9', resolution: '480p', seconds: 5, variants: 1, seed: null, locked: false, effort: 'standard', model: '', attached: null, relaxed: false },
}

function read(): Prefs {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<Prefs>
    return { ...first, ...kept, composed: { ...first.composed, ...kept.composed } }
  } catch {
    return first
  }
}

export const prefs = $state<Prefs>(read())
/** As this tab last wrote or heard them: what differs is its own change. */
let known = $state.snapshot(prefs) as Prefs
const over = (stored: Prefs, now: Prefs) => merge({ ...stored }, { ...known }, { ...now }) as unknown as Prefs

/** What another tab has written. What is being composed stays each tab's own. */
function hear(event: StorageEvent) {
  if (event.key !== KEY) return
  const stored = { ...read(), composed: known.composed }
  Object.assign(prefs, over(stored, $state.snapshot(prefs) as Prefs))
  known = stored
}

function keep(now: Prefs) {
  try {
    if (JSON.stringify(now) !== JSON.stringify(known)) localStorage.setItem(KEY, JSON.stringify(over(read(), now)))
    known = now
  } catch {
    // storage may be forbidden or full: the page works without
  }
}

/** Keeps the preferences as they change; call once, inside a component. */
export function keepPrefs() {
  $effect(() => {
    const now = $state.snapshot(prefs) as Prefs
    const timer = setTimeout(keep, 200, now)
    return () => clearTimeout(timer)
  })
  $effect(() => {
    // Whoever leaves at once, or whose browser ends in the background, has chosen all the same.
    const leave = () => keep($state.snapshot(prefs) as Prefs)
    addEventListener('pagehide', leave)
    return () => removeEventListener('pagehide', leave)
  })
  $effect(() => {
    addEventListener('storage', hear)
    return () => removeEventListener('storage', hear)
  })
  $effect(() => {
    const root = document.documentElement
    if (prefs.theme === 'system') delete root.dataset.theme
    else root.dataset.theme = prefs.theme
    root.lang = prefs.lang === 'zh' ? 'zh-CN' : 'en'
  })
}

export function remember(prompt: string) {
  const text = prompt.trim()
  if (text) prefs.history = [text, ...prefs.history.filter((old) => old !== text)].slice(0, 50)
}
