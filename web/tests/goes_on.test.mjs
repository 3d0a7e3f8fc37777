// A clip that was stopped is not lost: it is shown as far as it came, and goes on.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { MADE, begin, client, looks, tiny, violations } from './studio.mjs'

let studio, page, end, api

before(async () => {
  ;({ studio, page, end } = await begin())
  api = client(studio.base)
  await page.goto(studio.base)
})
after(() => end?.())

/** A job that would take long, cancelled in the library once a step or two are drawn. */
async function stopped(prompt, rest = {}) {
  const { id } = await api.post('/api/jobs', { ...tiny(prompt), size: '224x128', steps: 60, ...rest })
  for (const late = Date.now() + MADE; ; await page.waitForTimeout(50)) {
    const job = await api.get(`/api/jobs/${id}`)
    if (job.preview_url && job.step >= 2) break
    assert.ok(Date.now() < late && job.status !== 'completed', `${job.status} at step ${job.step}`)
  }
  await page.locator('.pending', { hasText: prompt }).getByRole('button', { name: 'Cancel' }).click()
  const card = page.locator('.pending.stopped', { hasText: prompt })
  await card.waitFor({ timeout: MADE })
  return { id, card }
}

test('a cancelled clip is shown as far as it came, and goes on', { timeout: 4 * MADE }, async () => {
  const { id, card } = await stopped('a lion walks in the snow')
  await page.reload()
  await card.getByText(/Stopped at \d+ %/).waitFor()
  const picture = card.locator('img')
  await page.waitForFunction((element) => element.naturalWidth > 0, await picture.elementHandle())
  for (const [colorScheme, width] of looks) {
    await page.emulateMedia({ colorScheme })
    await page.setViewportSize({ width, height: 800 })
    assert.deepEqual(await violations(page), [], `in ${colorScheme} at ${width}`)
    if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/stopped-${colorScheme}-${width}.png` })
  }
  await page.setViewportSize({ width: 1280, height: 800 })
  await page.getByRole('link', { name: /^Queue/ }).click()
  const row = page.locator('.job', { hasText: 'a lion walks in the snow' })
  await row.getByText(/Stopped at \d+ %/).waitFor()
  await row.getByRole('button', { name: 'Go on' }).click()
  await page.getByRole('link', { name: 'Library', exact: true }).click()
  await page.locator('.tile').first().waitFor({ timeout: MADE })
  await card.waitFor({ state: 'detached' })
  const job = await api.get(`/api/jobs/${id}`)
  assert.deepEqual([job.status, job.clips.length], ['completed', 1])
})

test('a cancelled clip begins anew with its seed, and is let go of', { timeout: 4 * MADE }, async () => {
  const [picture] = await api.make(tiny('a frog in the snow'))
  const { id, card } = await stopped('a frog jumps', { video: picture.id, variants: 3 })
  const { request } = await api.get(`/api/jobs/${id}`)
  await card.getByRole('button', { name: 'Again with this seed' }).click()
  assert.equal(await page.getByRole('textbox', { name: 'What to show' }).inputValue(), 'a frog jumps')
  assert.equal(await page.getByRole('textbox', { name: 'Seed', exact: true }).inputValue(), String(request.seed))
  // all that was asked is asked again
  await page.locator('.composer .attached img').waitFor()
  const [again] = await Promise.all([
    page.waitForRequest((asked) => asked.url().endsWith('/api/jobs') && asked.method() === 'POST'),
    page.getByRole('textbox', { name: 'What to show' }).press('Enter'),
  ])
  const { video, variants, seed } = again.postDataJSON()
  assert.deepEqual({ video, variants, seed }, { video: picture.id, variants: 3, seed: request.seed })
  await api.post('/api/jobs/cancel-pending')
  for (const job of (await api.get('/api/jobs?status=running')).items) await api.post(`/api/jobs/${job.id}/cancel`)
  await card.getByRole('button', { name: 'Take off the list' }).click()
  await card.waitFor({ state: 'detached' })
  const answer = await fetch(`${studio.base}/api/jobs/${id}`)
  assert.equal(answer.status, 404)
})
