import { t } from '../i18n/index.svelte'
import { prefs } from './prefs.svelte'

/** `0:05.2`; minutes, seconds and tenths. */
export function clock(seconds: number, tenths = true): string {
  const whole = Math.max(0, seconds)
  const minutes = Math.floor(whole / 60)
  const rest = whole - minutes * 60
  return `${minutes}:${(tenths ? rest.toFixed(1) : Math.floor(rest).toString()).padStart(tenths ? 4 : 2, '0')}`
}

/** `5 s`, with so many decimals where they are given. */
export const inSeconds = (count: number, decimals?: number) => t('unit.s', { n: decimals === undefined ? count : count.toFixed(decimals) })

/** `5 s`, `1.5 s`, `2 min`, `1 h 05`: a length to read at a glance. */
export function length(seconds: number): string {
  if (seconds < 60) return inSeconds(Number(seconds.toFixed(seconds < 10 ? 1 : 0)))
  if (seconds < 3600) return t('unit.min', { n: Math.round(seconds / 60) })
  return t('unit.h', { n: Math.floor(seconds / 3600), m: String(Math.round((seconds % 3600) / 60)).padStart(2, '0') })
}

export function bytes(count: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB']
  let unit = 0
  while (count >= 1000 && unit < units.length - 1) {
    count /= 1000
    unit += 1
  }
  return `${count >= 100 || unit === 0 ? Math.round(count) : count.toFixed(1)} ${units[unit]}`
}

export function when(time: string): string {
  const date = new Date(time)
  const today = new Date().toDateString() === date.toDateString()
  const shape: Intl.DateTimeFormatOptions = today ? { hour: '2-digit', minute: '2-digit' } : { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' }
  return new Intl.DateTimeFormat(prefs.lang === 'zh' ? 'zh-CN' : 'en-GB', shape).format(date)
}

export const ratio = (aspect: string | undefined) => (aspect === '1:1' ? 1 : aspect === '9:16' ? 9 / 16 : 16 / 9)
export const isStill = (clip: { frames: number; seconds: number }) => clip.frames <= 1
