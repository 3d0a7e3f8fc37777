// A frame of a clip begins another.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { MADE, begin, client, tiny } from './studio.mjs'

let studio, page, end, api

before(async () => {
  ;({ studio, page, end } = await begin())
  api = client(studio.base)
})
after(() => end?.())

// The compressed pixels of a PNG; every file has a signature of its own.
function drawn(png) {
  const parts = []
  for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at)) {
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT') parts.push(png.subarray(at + 8, at + 8 + png.readUInt32BE(at)))
  }
  return Buffer.concat(parts)
}

test('the frame that is shown becomes the picture of the composer', { timeout: 4 * MADE }, async () => {
  const [clip] = await api.make(tiny('a parrot flies'))
  await page.goto(`${studio.base}/clip/${clip.id}`)
  await page.getByRole('tabpanel').waitFor()
  for (let frame = 0; frame < 5; frame += 1) await page.getByRole('button', { name: 'One frame on' }).click()
  await page.getByRole('button', { name: 'Use this frame' }).click()
  await page.locator('.composer .attached img').waitFor()
  const [picture] = (await api.get('/api/clips?kind=upload')).items
  assert.deepEqual([picture.frames, picture.width, picture.height], [1, clip.width, clip.height])
  assert.match(picture.title, /^a parrot flies 0:00\.\d$/)
  const bytes = async (path) => Buffer.from(await (await fetch(studio.base + path)).arrayBuffer())
  const still = async (frame) => drawn(await bytes(`${clip.urls.download}?format=png&at=${(frame + 0.5) / clip.fps}`))
  const taken = drawn(await bytes(picture.urls.video))
  assert.ok(taken.equals(await still(5)), 'it is the sixth frame')
  assert.ok(!taken.equals(await still(4)), 'and no other')
  await page.getByRole('textbox', { name: 'What to show' }).fill('a parrot lands')
  const [job] = await Promise.all([page.waitForResponse((answer) => answer.url().endsWith('/api/jobs')), page.keyboard.press('Enter')])
  const asked = (await job.json()).request
  assert.equal(asked.image, picture.id)
})
