/** What can be done with one clip, the same from every place that shows it. */
import { t } from '../i18n/index.svelte'
import { again, finish, isDraft, oneMore, repeatable } from '../lib/again'
import { query } from '../lib/api'
import { attach } from '../lib/composer.svelte'
import { change, destroy, selected, trash } from '../lib/library.svelte'
import { go } from '../lib/router.svelte'
import type { Clip } from '../lib/types'
import type { Item } from '../ui/Menu.svelte'

export function clipMenu(clip: Clip): Item[] {
  if (clip.trashed_at)
    return [
      { label: t('library.restore'), icon: 'undo', run: () => void trash([clip], false) },
      { label: t('library.delete'), icon: 'trash', danger: true, run: () => confirm(t('library.sure', { n: 1 })) && void destroy([clip]) },
    ]
  const tool = (name: string) => () => go(`/clip/${clip.id}?tool=${name}`)
  const still = clip.frames <= 1
  return [
    ...(repeatable(clip)
      ? ([
          { label: t('clip.reuse'), icon: 'again', run: () => again(clip) },
          { label: t('clip.more'), icon: 'plus', run: () => void oneMore(clip) },
        ] satisfies Item[])
      : []),
    ...(isDraft(clip) ? [{ label: t('clip.final'), icon: 'spark' as const, run: () => void finish(clip) }] : []),
    { label: t('clip.attach'), icon: 'image', run: () => (go('/'), attach(clip)) },
    { label: t('tool.remix'), icon: 'remix', disabled: still, run: tool('remix') },
    { label: t('tool.extend'), icon: 'extend', disabled: still, run: tool('extend') },
    { label: t('tool.recut'), icon: 'scissors', disabled: still, run: tool('recut') },
    { label: t('tool.blend'), icon: 'blend', disabled: still, run: tool('blend') },
    { label: t('tool.loop'), icon: 'loop', disabled: still, run: tool('loop') },
    { label: t('clip.download'), icon: 'download', run: () => download(clip) },
    ...(touch ? marks(clip) : []),
    { label: t('library.totrash'), icon: 'trash', danger: true, run: () => void trash([clip]) },
  ]
}

const touch = matchMedia('(hover: none)').matches

/** What a pointer finds on the tile itself. */
const marks = (clip: Clip): Item[] => [
  { label: t('keys.favourite'), icon: 'star', run: () => void change([clip], { favourite: !clip.favourite }) },
  { label: t('keys.bookmark'), icon: 'bookmark', run: () => void change([clip], { bookmarked: !clip.bookmarked }) },
  { label: t('keys.select'), icon: 'check', run: () => void selected.add(clip.id) },
]

export function download(clip: Clip, how: { format?: string; at?: number; mark?: boolean } = {}) {
  const link = document.createElement('a')
  link.href = clip.urls.download + query(how)
  link.download = ''
  link.click()
}
