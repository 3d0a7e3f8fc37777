// A library that has grown: thousands of clips are scrolled through, selected and thrown away.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { begin, client } from './studio.mjs'

const CLIPS = 3000
const TRASHED = 400
let studio, page, end, api

before(async () => {
  ;({ studio, page, end } = await begin())
  api = client(studio.base)
  // rows without files: what is tested is the list
  const rows = `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${CLIPS + TRASHED})
    INSERT INTO clips (id, owner, kind, tool, prompt, width, height, seconds, fps, frames, file, bytes, sprite, created, trashed)
    SELECT printf('clip%05d', i), 'local', 'generation', 'generate', 'clip number ' || i, 96 + 16 * (i % 5), 64, 1.0, 8.0, 8, 'video.mp4', 1000,
    '{"columns":10,"rows":1,"count":8,"width":160,"height":107}', i, CASE WHEN i > ${CLIPS} THEN i END FROM n`
  execFileSync('sqlite3', [join(studio.data, 'studio.db'), rows])
})
after(() => end?.())

const skip = process.env.STUDIO && 'it writes into the database of its own server'

for (const [view, row] of [['grid', '.tile'], ['list', '.line']])
  test(`${CLIPS} clips are scrolled through as a ${view}, and only what is in sight is drawn`, { skip, timeout: 120_000 }, async () => {
    await page.goto(studio.base)
    await page.locator('.tile, .line').first().waitFor()
    if (view === 'list') await page.getByRole('button', { name: 'Show as list' }).click()
    const names = () => page.locator('a[data-tile]').evaluateAll((links) => links.map((link) => Number(/(\d+)$/.exec(link.ariaLabel ?? link.textContent.trim())?.[1])))
    const most = 120
    const toEnd = () => page.locator('.scroll').evaluate((element) => element.scrollTo(0, element.scrollHeight))
    // a page of the list after the other is fetched as the end comes near
    for (const end = Date.now() + 90_000; !(await names()).includes(1); ) {
      assert.ok(Date.now() < end, 'the oldest clip never came')
      await toEnd()
      await page.waitForTimeout(30)
      assert.ok((await page.locator(row).count()) <= most)
    }
    await page.locator('.scroll').evaluate((element) => element.scrollTo(0, element.scrollHeight / 2))
    await page.waitForFunction((half) => [...document.querySelectorAll('a[data-tile]')].some((link) => (link.getAttribute('aria-label') ?? link.textContent).includes(`number ${half}`)), CLIPS / 2)
    const shown = await page.locator(row).count()
    assert.ok(shown > 5 && shown <= most, `${shown} rows are drawn`)
    const inSight = await page.locator(row).evaluateAll((all) => all.filter((one) => one.getBoundingClientRect().bottom > 0 && one.getBoundingClientRect().top < innerHeight).length)
    assert.ok(inSight > 5, `${inSight} rows are in sight`)
    const nodes = await page.evaluate(() => document.querySelectorAll('*').length)
    assert.ok(nodes < 6000, `${nodes} nodes`)
  })

test('select all says how much of the library it selected', { skip }, async () => {
  await page.goto(studio.base)
  await page.locator('a[data-tile]').first().waitFor()
  await page.locator('body').press('Control+a')
  await page.getByText(`120 of ${CLIPS} selected`).waitFor()
  await page.keyboard.press('Escape')
})

test('the trash is emptied as a whole, beyond what is shown of it', { skip }, async () => {
  await page.goto(`${studio.base}/?trash=1`)
  await page.locator('a[data-tile]').first().waitFor()
  await page.getByRole('button', { name: 'Empty the trash' }).click()
  await page.getByRole('dialog').getByText(`Delete ${TRASHED} for good?`).waitFor()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete for good' }).click()
  await page.getByText('The trash is empty').waitFor()
  assert.equal((await api.get('/api/clips?trash=true')).total, 0)
  assert.equal((await api.get('/api/clips')).total, CLIPS)
})
