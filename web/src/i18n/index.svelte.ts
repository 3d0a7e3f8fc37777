/** Words in the language of the page. English is always there; Chinese is fetched when it is chosen. */
import { prefs } from '../lib/prefs.svelte'
import { capital } from './capital'
import { en } from './en'

export type Words = Record<keyof typeof en, string>
export type Word = keyof typeof en

let current = $state.raw<{ words: Words; said: (sentence: string) => string }>({ words: en, said: capital })

/** Follows the chosen language; call once, inside a component. */
export function followLanguage() {
  $effect(() => {
    if (prefs.lang === 'zh') void Promise.all([import('./zh'), import('./said.zh')]).then(([{ zh }, { said }]) => (current = { words: zh, said }))
    else current = { words: en, said: capital }
  })
}

/** The words for `key`, with `{name}` filled in; of `{name|card|cards}` the first where there is one, else the second. */
export function t(key: Word, fill: Record<string, string | number> = {}): string {
  return current.words[key].replace(/\{(\w+)(?:\|(\w+)\|(\w+))?\}/g, (whole, name: string, one?: string, many?: string) => String((one && (fill[name] === 1 ? one : many)) ?? fill[name] ?? whole))
}

/** A sentence of the server's as it is shown; what compares sentences compares the English. */
export const said = (sentence: string): string => current.said(sentence)
