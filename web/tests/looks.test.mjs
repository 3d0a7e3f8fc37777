// What is shown has room, keeps its shape and says its unit once; what is chosen is kept.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { MADE, begin, client, tiny } from './studio.mjs'

let studio, browser, page, end, api, tall

before(async () => {
  ;({ studio, browser, page, end } = await begin())
  api = client(studio.base)
  ;[tall] = await api.make({ ...tiny('a frog in the snow'), size: '72x128' })
  await api.post('/api/clips/bulk', { ids: [tall.id], favourite: true, bookmarked: true })
})
after(() => end?.())

/** A page of its own, of a browser that remembers these preferences. */
async function opened(prefs, options = {}) {
  const context = await browser.newContext(options)
  await context.addInitScript((kept) => localStorage.kinora ?? localStorage.setItem('kinora', kept), JSON.stringify(prefs))
  const own = await context.newPage()
  own.setDefaultTimeout(15_000)
  return own
}

test('on a phone the tick and the marks of a narrow tile keep apart', async () => {
  for (const hasTouch of [true, false]) {
    // smaller than a phone shows them, as chosen at a desk
    const phone = await opened({ tile: 110 }, { viewport: { width: 390, height: 844 }, hasTouch, isMobile: hasTouch })
    await phone.goto(studio.base)
    const tile = phone.locator('.tile').first()
    await tile.waitFor()
    await phone.locator('body').press('Control+a')
    if (!hasTouch) await tile.hover()
    const check = await tile.getByRole('checkbox').boundingBox()
    for (const name of ['Favourite', 'Bookmark', 'What to do with it']) {
      const mark = await tile.getByRole('button', { name }).boundingBox()
      assert.ok(mark.x - (check.x + check.width) >= 8, `${name} at ${mark.x}, the tick ends at ${check.x + check.width}`)
    }
    await phone.context().close()
  }
})

test('a stopped clip’s picture keeps its shape in lists', { timeout: 3 * MADE }, async () => {
  const { id } = await api.post('/api/jobs', { ...tiny('a lion walks'), size: '72x128', steps: 60 })
  for (const late = Date.now() + MADE; ; await page.waitForTimeout(50)) {
    const job = await api.get(`/api/jobs/${id}`)
    if (job.preview_url && job.step >= 2) break
    assert.ok(Date.now() < late && job.status !== 'completed', `${job.status} at step ${job.step}`)
  }
  await api.post(`/api/jobs/${id}/cancel`)
  const lists = await opened({ view: 'list' }, { viewport: { width: 1280, height: 800 } })
  for (const path of ['/', '/queue']) {
    await lists.goto(studio.base + path)
    const picture = lists.locator('.stopped img, .job img').first()
    await lists.waitForFunction((element) => element.naturalWidth > 0, await picture.elementHandle({ timeout: MADE }))
    const { box, natural, fit } = await picture.evaluate((element) => {
      const { width, height } = element.getBoundingClientRect()
      return { box: [width, height], natural: element.naturalWidth / element.naturalHeight, fit: getComputedStyle(element).objectFit }
    })
    assert.ok(box[0] <= 92 && box[1] <= 64, `${path}: ${box}`)
    assert.ok(fit === 'contain' || Math.abs(box[0] / box[1] - natural) < 0.02, `${path}: ${box}, ${fit}, of ${natural}`)
  }
  await lists.context().close()
})

test('in Chinese seconds have their Chinese unit', async () => {
  const chinese = await opened({ lang: 'zh' })
  for (const path of ['/', ...['recut', 'extend', 'loop'].map((tool) => `/clip/${tall.id}?tool=${tool}`)]) {
    await chinese.goto(studio.base + path)
    await chinese.locator('html:lang(zh)').waitFor()
    await chinese.getByText(/\d 秒/).first().waitFor()
    assert.doesNotMatch(await chinese.locator('body').innerText(), /\d s\b|秒[）)]?\s*[\d.]+ 秒/, path)
  }
  await chinese.context().close()
})

test('where no key is needed none is offered', async () => {
  await page.goto(`${studio.base}/settings/keys`)
  await page.getByText('needs no key').waitFor()
  await page.waitForLoadState('networkidle')
  assert.equal(await page.getByRole('button', { name: 'New key' }).count(), 0)
})

test('what is chosen in the composer is kept even if one leaves at once', async () => {
  const hasty = await opened({})
  // the pages wait a moment before they write; here that moment never comes
  await hasty.addInitScript(() => {
    const later = setTimeout
    globalThis.setTimeout = (work, wait, ...rest) => (wait === 200 ? 0 : later(work, wait, ...rest))
  })
  await hasty.goto(studio.base)
  await hasty.getByRole('button', { name: '5 s', exact: true }).click()
  await hasty.getByRole('menuitemradio', { name: '2 s', exact: true }).click()
  await hasty.getByRole('button', { name: '2 s', exact: true }).waitFor()
  assert.doesNotMatch(await hasty.evaluate(() => localStorage.kinora), /"seconds":2/)
  await hasty.goto(`${studio.base}/queue`)
  assert.match(await hasty.evaluate(() => localStorage.kinora), /"seconds":2/)
  await hasty.goto(studio.base)
  await hasty.getByRole('button', { name: '2 s', exact: true }).waitFor()
  await hasty.context().close()
})
