// What leaves the studio and what comes in: files in every format, links for strangers, the whole library to another
// machine; and what is written, chosen and seen on the way to a clip.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { begin, client, start, tiny } from './studio.mjs'

let studio, browser, page, end, api, clip, remix

before(async () => {
  ;({ studio, browser, page, end } = await begin())
  api = client(studio.base)
  ;[clip] = await api.make(tiny('a frog in the snow'))
  ;[remix] = await api.make({ tool: 'remix', clip: clip.id, prompt: 'a lion in the snow', strength: 'strong', steps: 1 })
})
after(() => end?.())

async function open(id) {
  await page.goto(`${studio.base}/clip/${id}`)
  await page.getByRole('tabpanel').waitFor()
}
/** The bytes that a press leads to. */
async function downloaded(press) {
  const waiting = page.waitForEvent('download', { timeout: 60_000 })
  await press()
  const download = await waiting
  return { name: download.suggestedFilename(), bytes: Buffer.concat(await (await download.createReadStream()).toArray()) }
}
/** Waits until the server's own word is `wanted`. */
async function becomes(read, wanted) {
  for (const end = Date.now() + 15_000; Date.now() < end; await page.waitForTimeout(50)) {
    if (JSON.stringify(await read()) === JSON.stringify(wanted)) return
  }
  assert.deepEqual(await read(), wanted)
}

test('a clip is downloaded as GIF, as the frame under the playhead, and as WebM where ffmpeg is found', { timeout: 120_000 }, async () => {
  await open(clip.id)
  const { ffmpeg } = await api.get('/api/status')
  const begins = { GIF: Buffer.from('GIF89a'), WEBM: Buffer.from([0x1a, 0x45, 0xdf, 0xa3]) }
  await page.getByRole('button', { name: 'Download' }).click()
  assert.equal(await page.getByRole('menuitem', { name: 'WEBM', exact: true }).count(), ffmpeg ? 1 : 0)
  await page.keyboard.press('Escape')
  for (const format of ffmpeg ? ['GIF', 'WEBM'] : ['GIF']) {
    const { name, bytes } = await downloaded(async () => {
      await page.getByRole('button', { name: 'Download' }).click()
      await page.getByRole('menuitem', { name: format, exact: true }).click()
    })
    assert.ok(name.endsWith(`.${format.toLowerCase()}`), name)
    assert.deepEqual(bytes.subarray(0, begins[format].length), begins[format])
  }
  const frame = async (at) => {
    const { name, bytes } = await downloaded(async () => {
      await page.getByRole('button', { name: 'Download' }).click()
      await page.getByRole('menuitem', { name: `The frame at ${at}` }).click()
    })
    assert.ok(name.endsWith('.png'), name)
    assert.deepEqual([bytes.readUInt32BE(16), bytes.readUInt32BE(20)], [clip.width, clip.height])
    return bytes
  }
  const first = await frame('0:00.0')
  for (let step = 0; step < 4; step += 1) await page.keyboard.press('.')
  assert.notDeepEqual(await frame('0:00.6'), first)
})

test('a clip and what it came from move together side by side', async () => {
  await open(remix.id)
  await page.getByRole('button', { name: 'Compare with what it came from' }).click()
  const times = () => page.evaluate(() => [...document.querySelectorAll('.stage video')].map((video) => video.currentTime))
  await page.waitForFunction(() => [...document.querySelectorAll('.stage video')].filter((video) => video.readyState >= 2).length === 2)
  assert.equal(await page.locator('figure video').getAttribute('src'), clip.urls.video)
  for (let step = 0; step < 3; step += 1) await page.keyboard.press('.')
  const stepped = await times()
  assert.ok(stepped[0] > 0.3 && Math.abs(stepped[0] - stepped[1]) < 0.01, `${stepped}`)
  await page.getByRole('button', { name: 'Play', exact: true }).click()
  await page.waitForFunction(([from]) => [...document.querySelectorAll('.stage video')].every((video) => !video.paused && video.currentTime !== from), stepped)
  await page.getByRole('button', { name: 'Pause' }).click()
  await page.waitForFunction(() => [...document.querySelectorAll('.stage video')].every((video) => video.paused))
  const played = await times()
  assert.ok(Math.abs(played[0] - played[1]) < 0.01, `${played}`)
})

test('a stranger opens a shared link and sees the clip, with a picture for previews, until it is ended', async () => {
  await open(clip.id)
  await page.getByRole('button', { name: 'Share' }).click()
  await page.getByRole('menuitem', { name: 'For a day' }).click()
  const link = await page.getByRole('textbox', { name: 'Share' }).inputValue()
  const stranger = await browser.newContext()
  try {
    const theirs = await stranger.newPage()
    await theirs.goto(link)
    await theirs.waitForFunction(() => document.querySelector('video').videoWidth > 0)
    // as large as the page allows, in its shape
    for (const [width, height] of [[1280, 800], [390, 844]]) {
      await theirs.setViewportSize({ width, height })
      const box = await theirs.locator('video').boundingBox()
      const largest = Math.min(width - 32, (height * 0.8 * clip.width) / clip.height)
      assert.ok(Math.abs(box.width - largest) < 2 && Math.abs(box.width / box.height - clip.width / clip.height) < 0.02, JSON.stringify(box))
      assert.ok(box.x >= 0 && box.x + box.width <= width, JSON.stringify(box))
    }
    const picture = await theirs.locator('meta[property="og:image"]').getAttribute('content')
    assert.ok(picture.startsWith(`${studio.base}/s/`), picture)
    const answer = await fetch(picture)
    assert.ok(answer.ok && answer.headers.get('content-type').startsWith('image/'))
    await page.getByRole('button', { name: 'Stop sharing' }).click()
    await page.getByRole('button', { name: 'Share', exact: true }).waitFor()
    assert.equal((await theirs.goto(link)).status(), 404)
    await theirs.getByText('Nothing is shared here').waitFor()
  } finally {
    await stranger.close()
  }
})

test('tags are given to one clip or to many, lead to what has them, and are taken away', async () => {
  const tags = async () => (await api.get(`/api/clips/${clip.id}`)).tags
  await open(clip.id)
  await page.getByRole('textbox', { name: 'Tags' }).fill('winter')
  await page.keyboard.press('Enter')
  await page.getByRole('link', { name: 'winter' }).click()
  await page.waitForURL(/tag=winter/)
  await page.locator('.tile').waitFor()
  await page.getByRole('link', { name: 'Library', exact: true }).click()
  await page.locator('.tile').nth(1).waitFor()
  await page.locator('body').press('Control+a')
  await page.getByText('2 selected').waitFor()
  await page.getByRole('button', { name: 'Add tags' }).click()
  await page.getByRole('textbox', { name: 'Tags, separated by commas' }).fill('snow, study')
  await page.getByRole('button', { name: 'Save' }).click()
  await becomes(async () => (await api.get('/api/clips?tag=study')).total, 2)
  await becomes(async () => (await tags()).sort(), ['snow', 'study', 'winter'])
  await open(clip.id)
  await page.getByRole('button', { name: 'Take away the tag snow' }).click()
  await becomes(async () => (await tags()).sort(), ['study', 'winter'])
})

test('a prompt is written out, changed and sent in a chosen style; what is drawn is seen on the way', { timeout: 180_000 }, async () => {
  await page.goto(studio.base)
  const prompt = page.getByRole('textbox', { name: 'What to show' })
  await prompt.fill('a penguin')
  const composer = page.locator('.composer')
  await composer.getByRole('button', { name: 'Enhance' }).click()
  await page.getByText('The prompt was written out').waitFor()
  const written = await prompt.inputValue()
  assert.ok(written.length > 'a penguin'.length && written.includes('penguin'), written)
  await page.getByRole('button', { name: 'Undo' }).click()
  assert.equal(await prompt.inputValue(), 'a penguin')
  await composer.getByRole('button', { name: 'Enhance' }).click()
  await page.waitForFunction(() => document.querySelector('.composer textarea').value !== 'a penguin')
  await prompt.press('End')
  await prompt.pressSequentially(', snowfall')
  const sent = await prompt.inputValue()
  const style = (await api.get('/api/styles')).items[1]
  await composer.getByRole('button', { name: 'Style' }).click()
  await page.getByRole('menuitemradio', { name: style.title, exact: true }).click()
  await composer.getByRole('button', { name: style.title }).waitFor()
  await page.getByRole('button', { name: 'Generate', exact: true }).click()
  const preview = page.locator('.pending img')
  await preview.waitFor({ timeout: 120_000 })
  await page.waitForFunction((image) => image.naturalWidth > 0, await preview.elementHandle())
  const [job] = (await api.get('/api/jobs?status=running')).items
  assert.deepEqual([job.request.prompt, job.request.style], [sent.trim(), style.name])
  await page.getByRole('button', { name: 'Cancel', exact: true }).click()
  const stopped = page.locator('.pending.stopped')
  await stopped.waitFor({ timeout: 60_000 })
  await stopped.getByRole('button', { name: 'Take off the list' }).click()
  await preview.waitFor({ state: 'detached' })
})

test('the whole library goes into an archive, and out of it on another machine', { timeout: 120_000 }, async () => {
  await page.goto(`${studio.base}/settings/storage`)
  const archive = await downloaded(() => page.getByRole('link', { name: 'Export all' }).click())
  assert.equal(archive.bytes.subarray(0, 2).toString(), 'PK')
  const other = await start()
  try {
    await page.goto(`${other.base}/settings/storage`)
    await page.locator('input[type=file]').setInputFiles({ name: archive.name, mimeType: 'application/zip', buffer: archive.bytes })
    await page.getByText('2 clips imported').waitFor({ timeout: 60_000 })
    const there = client(other.base)
    assert.deepEqual(await there.get(`/api/clips/${remix.id}`), await api.get(`/api/clips/${remix.id}`))
    await page.goto(`${other.base}/clip/${remix.id}`)
    await page.getByRole('heading', { name: 'Made from' }).waitFor()
    await page.waitForFunction(() => document.querySelector('.stage video').videoWidth > 0)
  } finally {
    await other.stop()
  }
})
