// What waits is changed, paused and moved; styles, plans, room and marks are looked after. In a real browser, with the real
// server, which draws nothing here: its jobs only wait.
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { runnerImport } from 'vite'
import { begin, violations } from './studio.mjs'

const { cutsOf } = (await runnerImport('./src/clip/cuts.ts', { configFile: false, logLevel: 'error' })).module

const folder = mkdtempSync(join(tmpdir(), 'settings-'))
const settings = 'plan = "Plus"\n[plans.Plus]\ncredits = 1000\nvideos = 50\nresolution = 720\nseconds = 5.0\nconcurrency = 1\n'
/** A directory for pictures to look at, if any are wanted. */
const shots = process.env.SHOTS

let studio, page, end

before(async () => {
  ;({ studio, page, end } = await begin({ flags: ['--workers', '0'], settings, viewport: { width: 1280, height: 900 } }))
})
after(() => end?.())
const api = async (path) => (await fetch(studio.base + path)).json()
const ask = (path, body) => fetch(studio.base + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }).then((answer) => answer.json())
async function shoot(name) {
  if (!shots) return
  await page.screenshot({ path: join(shots, `${name}.png`) })
  const wide = page.viewportSize()
  await page.setViewportSize({ width: 390, height: 844 })
  await page.screenshot({ path: join(shots, `${name}-phone.png`) })
  await page.setViewportSize(wide)
}
const row = (words) => page.locator('.job', { hasText: words })
const line = async () => (await api('/api/jobs?status=queued')).items.sort((a, b) => a.place - b.place)
async function stored(test) {
  for (const end = Date.now() + 15_000; Date.now() < end; await page.waitForTimeout(100)) if (test(await line())) return
  assert.fail(JSON.stringify(await line()))
}

test('what a re-cut keeps comes back as pieces', () => {
  const pieces = cutsOf([[3, 4], [0, 1]], 5).map((cut) => [cut.from, cut.to, cut.keep])
  assert.deepEqual(pieces, [[0, 1, true], [1, 3, false], [3, 4, true], [4, 5, false]])
})

test('waiting clips are paused, moved without a pointer, and changed in their place', { skip: Boolean(process.env.STUDIO) }, async () => {
  for (const prompt of ['a frog walks', 'a lion walks', 'a zebra walks']) await ask('/api/jobs', { tool: 'generate', prompt, seconds: 1, resolution: '480p', aspect: '1:1', fps: 12, seed: 7 })
  await page.goto(`${studio.base}/queue`)
  await row('a lion').getByRole('button', { name: 'Pause' }).click()
  await row('a lion').getByText('Paused').waitFor()
  await row('a zebra').getByText('Number 2 in the queue').waitFor()
  await shoot('queue')
  assert.deepEqual(await violations(page), [])
  await row('a zebra').getByRole('button', { name: 'What to do with it' }).click()
  await page.getByRole('menuitem', { name: 'Earlier' }).click()
  await stored((jobs) => jobs.map((job) => job.prompt).join() === 'a frog walks,a zebra walks,a lion walks')
  await row('a lion').getByRole('button', { name: 'Go on' }).click()
  await row('a lion').getByText('Number 3').waitFor()

  await page.goto(studio.base)
  await page.getByRole('textbox', { name: 'What to show' }).fill('something of my own')
  await page.getByRole('link', { name: 'Queue' }).first().click()
  await row('a zebra').getByRole('button', { name: 'What to do with it' }).click()
  await page.getByRole('menuitem', { name: 'Change it' }).click()
  const prompt = page.getByRole('textbox', { name: 'What to show' })
  await page.getByText('You are changing a clip').waitFor()
  assert.equal(await prompt.inputValue(), 'a zebra walks')
  await shoot('composer')
  await prompt.fill('a zebra in the snow')
  await page.locator('.composer').getByRole('button', { name: '480p' }).click()
  await page.getByRole('menuitemradio', { name: '720p', exact: true }).click()
  await page.getByText('30 credits of 940 left').waitFor()
  await page.getByText('nothing was measured here yet').waitFor()
  await page.getByRole('button', { name: 'Save the change' }).click()
  await page.getByText('The waiting clip is changed.').waitFor()
  await stored((jobs) => jobs[1].prompt === 'a zebra in the snow')
  const [, changed] = await line()
  assert.deepEqual([changed.width, changed.request.fps, changed.request.seed], [720, 12, 7])
  assert.equal((await api('/api/usage')).credits_used, 70)
  // what stood in the composer before stands there again
  await page.getByRole('link', { name: 'Library', exact: true }).click()
  assert.equal(await prompt.inputValue(), 'something of my own')
})

test('a waiting tool and a waiting storyboard open where they came from', { skip: Boolean(process.env.STUDIO) }, async () => {
  const form = new FormData()
  const picture = await page.evaluate(async () => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 320, height: 180 })
    const brush = canvas.getContext('2d')
    brush.fillStyle = '#c02020'
    brush.fillRect(0, 0, 320, 180)
    return canvas.toDataURL('image/png').split(',')[1]
  })
  writeFileSync(join(folder, 'red.png'), Buffer.from(picture, 'base64'))
  form.append('file', new Blob([Buffer.from(picture, 'base64')]), 'red.png')
  const still = await (await fetch(`${studio.base}/api/clips`, { method: 'POST', body: form })).json()
  const board = { duration: 4, aspect: '16:9', resolution: '480p', prompt: 'a stream', seed: null, style: null, cards: [{ at: 0, text: 'a crane' }] }
  await ask('/api/jobs', { tool: 'storyboard', board })
  await page.goto(`${studio.base}/queue`)
  await row('a crane').getByRole('button', { name: 'What to do with it' }).click()
  await page.getByRole('menuitem', { name: 'Change it' }).click()
  await page.waitForURL(/\/boards\/.+job=/)
  await page.getByText('You are changing a clip').waitFor()
  await page.getByRole('textbox', { name: 'The scene, throughout' }).fill('a stream at night')
  await page.getByRole('button', { name: 'Draft', exact: true }).click()
  await page.getByText('The waiting clip is changed.').waitFor()
  await stored((jobs) => jobs.length === 4 && jobs[3].request.board.prompt === 'a stream at night' && jobs[3].request.effort === 'draft')
  assert.ok(still.id)
})

test('a style gets pictures, is changed, downloaded and brought back', { skip: Boolean(process.env.STUDIO) }, async () => {
  await page.goto(`${studio.base}/settings/styles`)
  await page.getByRole('textbox', { name: 'Name' }).fill('Red Ink')
  const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.getByRole('button', { name: 'Add a picture' }).click()])
  await chooser.setFiles([join(folder, 'red.png')])
  await page.getByRole('img', { name: 'Picture 1' }).waitFor()
  await page.getByRole('button', { name: 'Add', exact: true }).click()
  const mine = page.locator('li', { hasText: 'Red Ink' })
  await mine.getByText('mostly red').waitFor()
  await mine.locator('img').first().waitFor()
  await shoot('styles')
  await mine.getByRole('button', { name: 'Change the style' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('textbox', { name: 'What it adds' }).fill('ink on silk')
  assert.deepEqual(await violations(page), [])
  await dialog.getByRole('button', { name: 'Save' }).click()
  await mine.getByText('ink on silk').waitFor()
  const [download] = await Promise.all([page.waitForEvent('download'), mine.getByRole('link', { name: 'Download the style' }).click()])
  const zip = join(folder, 'style.zip')
  await download.saveAs(zip)
  assert.equal(readFileSync(zip).subarray(0, 2).toString(), 'PK')
  await mine.getByRole('button', { name: 'Remove the style' }).click()
  await mine.waitFor({ state: 'detached' })
  const [bringing] = await Promise.all([page.waitForEvent('filechooser'), page.getByRole('button', { name: 'Import a style' }).click()])
  await bringing.setFiles([zip])
  await mine.getByText('ink on silk').waitFor()
  assert.equal((await api('/api/styles')).items.find((style) => style.name === 'red-ink').pictures.length, 1)
})

test('plans, models and storage tell what there is; an import tells what went wrong', { skip: Boolean(process.env.STUDIO) }, async () => {
  await page.goto(`${studio.base}/settings/usage`)
  await page.getByText('up to 720p').waitFor()
  await page.getByRole('cell', { name: '1300' }).waitFor()
  assert.deepEqual(await violations(page), [])
  await shoot('usage')
  await page.goto(`${studio.base}/settings/models`)
  await page.getByText('for a clip of the usual size').waitFor()
  await page.goto(`${studio.base}/settings/storage`)
  await page.getByRole('row', { name: /Uploads/ }).waitFor()
  assert.deepEqual(await violations(page), [])
  const library = Buffer.from(await (await fetch(`${studio.base}/api/export`)).arrayBuffer())
  const path = join(folder, 'library.zip')
  writeFileSync(path, library)
  await page.locator('input[type=file]').setInputFiles(path)
  await page.getByText('1 skipped').waitFor()
  await shoot('storage')
  writeFileSync(path, 'no zip')
  await page.locator('input[type=file]').setInputFiles(path)
  await page.locator('.toast.bad').first().waitFor()
  await page.getByText('1 skipped').waitFor({ state: 'detached' })
})
