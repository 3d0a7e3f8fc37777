// Pictures of every main page for people to look at, at three widths in both themes: SHOTS names the folder that they
// go into. Without it there is nothing to do.
import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { client, launch, looks, start } from './studio.mjs'

const folder = process.env.SHOTS

test('each page has its picture taken', { skip: !folder && 'SHOTS names no folder', timeout: 600_000 }, async () => {
  mkdirSync(folder, { recursive: true })
  const studio = await start()
  const browser = await launch()
  try {
    const api = client(studio.base)
    const draft = { effort: 'draft', seconds: 1 }
    const [clip] = await api.make({ ...draft, prompt: 'a penguin stands in the snow, snowfall', variants: 2, seed: 3 })
    const [lion] = await api.make({ ...draft, prompt: 'a lion walks in the meadow at sunset', aspect: '1:1', seed: 7 })
    const [tall] = await api.make({ ...draft, prompt: 'a parrot flies over the forest', aspect: '9:16', seed: 5 })
    const [noir] = await api.make({ ...draft, tool: 'remix', clip: clip.id, prompt: 'a penguin stands in the rain at night', strength: 'strong' })
    await api.post('/api/clips/bulk', { ids: [clip.id, tall.id], favourite: true, add_tags: ['winter'] })
    await api.post('/api/folders', { name: 'Birds' })
    for (const one of [clip, lion]) await api.post(`/api/clips/${one.id}/publish`)
    const cards = [{ at: 0, text: 'a penguin stands in the snow' }, { at: 1, clip: clip.id, in: 0, out: 1 }, { at: 2.3, image: lion.id, text: 'a lion walks in' }]
    const { id } = await api.post('/api/boards', { name: 'Penguin meets lion', board: { duration: 9, aspect: '16:9', resolution: '480p', prompt: 'snow at dawn', seed: null, style: null, cards } })
    await api.make({ ...draft, tool: 'storyboard', board_id: id, board: { duration: 9, prompt: 'snow', cards }, steps: 1 })
    const waiting = { prompt: 'a fox walks in the forest', seconds: 20, effort: 'quality' }
    for (let job = 0; job < 3; job += 1) await api.post('/api/jobs', waiting)

    const page = await browser.newPage()
    page.setDefaultTimeout(15_000)
    const compose = () => page.getByRole('textbox', { name: 'What to show' }).fill('a woolly mammoth walks in the desert, wide-angle shot')
    const pages = {
      library: ['/'],
      composer: ['/', compose],
      selection: ['/', async () => (await page.locator('a[data-tile]').first().waitFor(), page.locator('body').press('Control+a'))],
      boards: ['/boards'],
      board: [`/boards/${id}`, async () => (await page.locator('.card.clip .frame').first().waitFor(), page.locator('[data-card="3"]').focus())],
      clip: [`/clip/${noir.id}`],
      ...Object.fromEntries(['remix', 'recut', 'extend', 'blend', 'loop', 'style'].map((tool) => [tool, [`/clip/${noir.id}?tool=${tool}`]])),
      picker: [`/clip/${noir.id}?tool=blend`, () => page.getByRole('button', { name: 'Choose the other clip' }).click()],
      queue: ['/queue'],
      feed: ['/feed'],
      keyboard: ['/queue', () => page.keyboard.press('?')],
      ...Object.fromEntries(['looks', 'models', 'styles', 'usage', 'storage', 'moderation', 'keys'].map((section) => [`settings-${section}`, [`/settings/${section}`]])),
      // last, as the browser remembers it
      list: ['/', async () => (await page.locator('a[data-tile]').first().waitFor(), await page.locator('.tile').count()) && page.getByRole('button', { name: 'Show as list' }).click()],
    }
    for (const [name, [path, open]] of Object.entries(pages))
      for (const [colorScheme, width] of looks) {
        await page.emulateMedia({ colorScheme })
        await page.setViewportSize({ width, height: width < 600 ? 844 : 800 })
        await page.goto(studio.base + path)
        await page.getByRole('heading', { level: 1 }).first().waitFor({ state: 'attached' })
        await open?.()
        await page.waitForTimeout(400)
        const picture = await page.screenshot({ path: join(folder, `${name}-${width}-${colorScheme}.png`) })
        assert.ok(picture.length > 2000)
      }
  } finally {
    await browser.close()
    await studio.stop()
  }
})
