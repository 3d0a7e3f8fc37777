/** What this browser remembers about its user. */
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
}

interface Prefs {
  theme: 'system' | 'dark' | 'light'
  lang: 'en' | 'zh'
  view: 'grid' | 'list'
  tile: number
  history: string[]
  /** Jobs and clips of each storyboard, newest first. */
  boards: Record<string, string[]>
  boardClips: Record<string, string[]>
  composed: Composed
}

const KEY = 'kinora'
const first: Prefs = {
  theme: 'system',
  lang: typeof navigator !== 'undefined' && navigator.language.startsWith('zh') ? 'zh' : 'en',
  view: 'grid',
  tile: 190,
  history: [],
  boards: {},
  boardClips: {},
  composed: { prompt: '', style: '', aspect: '16:9', resolution: '480p', seconds: 5, variants: 1, seed: null, locked: false, effort: 'standard', model: '' },
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

/** Keeps the preferences as they change; call once, inside a component. */
export function keepPrefs() {
  $effect(() => {
    const text = JSON.stringify(prefs)
    const timer = setTimeout(() => {
      try {
        localStorage.setItem(KEY, text)
      } catch {
        // storage may be forbidden or full: the page works without
      }
    }, 200)
    return () => clearTimeout(timer)
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
