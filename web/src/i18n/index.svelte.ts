/** Words in the language of the page. English is always there; Chinese is fetched when it is chosen. */
import { sentences } from '../lib/api'
import { prefs } from '../lib/prefs.svelte'
import { en } from './en'

export type Words = Record<keyof typeof en, string>
export type Word = keyof typeof en

const current = $state<{ words: Words }>({ words: en })

/** Follows the chosen language; call once, inside a component. */
export function followLanguage() {
  $effect(() => {
    if (prefs.lang === 'zh') void import('./zh').then(({ zh }) => set(zh))
    else set(en)
  })
}

function set(words: Words) {
  current.words = words
  sentences.offline = words['error.offline']
  sentences.broken = words['error.broken']
}

/** The words for `key`, with `{name}` filled in. */
export function t(key: Word, fill: Record<string, string | number> = {}): string {
  return current.words[key].replace(/\{(\w+)\}/g, (whole, name: string) => String(fill[name] ?? whole))
}
