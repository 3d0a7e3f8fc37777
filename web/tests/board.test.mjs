// The storyboard: what was made from it plays under the playhead, its spacing is said in words, and its cards of all
// kinds are edited by hand and by keyboard.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { MADE, begin, client, dropFile, tiny, violations } from './studio.mjs'

let studio, page, end, api, clip, picture

before(async () => {
  ;({ studio, page, end } = await begin({ viewport: { width: 1280, height: 1000 } }))
  api = client(studio.base)
  ;[clip] = await api.make(tiny('a frog in the snow'))
  await page.goto(studio.base)
  picture = { name: 'drawn.png', mimeType: 'image/png', buffer: await page.screenshot({ clip: { x: 0, y: 0, width: 96, height: 64 } }) }
})
after(() => end?.())

/** A new board, open on the page; gives its id. */
async function open(board) {
  const { id } = await api.post('/api/boards', { name: 'Test', board: { aspect: '16:9', resolution: '480p', prompt: '', seed: null, style: null, cards: [], ...board } })
  await page.goto(`${studio.base}/boards/${id}`)
  await page.getByRole('textbox', { name: 'Name of the storyboard' }).waitFor()
  return id
}
/** Cards as the server has them, once all is saved. */
async function saved(id) {
  await page.waitForFunction(() => document.querySelector('.saved')?.textContent === 'Saved')
  return (await api.get(`/api/boards/${id}`)).board.cards
}
const card = (n) => page.getByRole('button', { name: new RegExp(`^Card ${n},`) })
const head = () => page.getByRole('slider', { name: 'Playhead' })
const second = () => head().getAttribute('aria-valuenow').then(Number)
const video = () => page.locator('.stage video')
async function drag(from, by) {
  const box = await from.boundingBox()
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2]
  await page.mouse.move(x, y)
  await page.mouse.down()
  await page.mouse.move(x + by / 2, y, { steps: 3 })
  await page.mouse.move(x + by, y, { steps: 3 })
  await page.mouse.up()
}

test('a draft plays under the playhead, says when it is older than the cards, and is found after a reload', { timeout: 2 * MADE }, async () => {
  const id = await open({ duration: 1.5, prompt: 'a stream in the forest', cards: [{ at: 0, text: 'a frog' }] })
  await page.getByText('This part will be drawn.').waitFor()
  await page.getByRole('button', { name: 'Draft', exact: true }).click()
  await video().waitFor({ timeout: MADE })
  const [made] = (await api.get(`/api/clips?board=${id}`)).items
  assert.equal(await video().getAttribute('src'), made.urls.video)
  await page.getByText('Draft of this board').waitFor()
  // scrubbed
  await head().focus()
  for (let step = 0; step < 7; step += 1) await page.keyboard.press('ArrowRight')
  assert.equal(await second(), 0.7)
  await page.waitForFunction(() => Math.abs(document.querySelector('.stage video').currentTime - 0.7) < 0.01)
  // played, to the end and no further
  await page.keyboard.press('Space')
  await page.getByRole('button', { name: 'Pause' }).waitFor()
  await page.getByRole('button', { name: 'Play', exact: true }).waitFor()
  assert.equal(await second(), 1.5)
  assert.ok((await video().evaluate((element) => element.currentTime)) > 1.3)
  // once more from the beginning, slowly, and paused on the way
  await video().evaluate((element) => (element.playbackRate = 0.1))
  await page.keyboard.press('Space')
  await page.waitForFunction(() => document.querySelector('.stage video').currentTime < 1)
  await page.keyboard.press('Space')
  assert.ok((await second()) < 1.5)
  assert.ok(await video().evaluate((element) => element.paused))

  await card(1).focus()
  await page.getByRole('textbox', { name: 'What happens from here on' }).fill('a lion')
  await page.getByText('older than the cards').waitFor()
  await saved(id)
  await page.reload()
  await page.getByText('older than the cards').waitFor()
  assert.equal(await video().getAttribute('src'), made.urls.video)
  await card(1).focus()
  await page.getByRole('textbox', { name: 'What happens from here on' }).fill('a frog')
  await page.getByText('older than the cards').waitFor({ state: 'detached' })

  // the cards are seen again, and the clip again, as one likes
  await page.getByRole('button', { name: /^Show the clip of/ }).click()
  await page.getByText('This part will be drawn.').waitFor()
  await page.getByRole('button', { name: /^Show the clip of/ }).click()
  await video().waitFor()
  // a clip that is thrown away leaves the board, too
  await api.post('/api/clips/bulk', { ids: [made.id], trashed: true })
  await page.getByText('This part will be drawn.').waitFor()
})

test('before any draft the footage of the cards plays, and time passes where something will be drawn', async () => {
  await open({ duration: 1.5, cards: [{ at: 0.5, clip: clip.id, in: 0, out: 1 }] })
  await page.getByText('This part will be drawn.').waitFor()
  await page.evaluate(() => {
    globalThis.furthest = {}
    addEventListener('timeupdate', ({ target }) => (globalThis.furthest[new URL(target.src).pathname] = target.currentTime), true)
  })
  await head().focus()
  await page.keyboard.press('Space')
  await page.waitForFunction(() => document.querySelector('[role=slider].head').ariaValueNow === '1.5')
  await page.getByRole('button', { name: 'Play', exact: true }).waitFor()
  const furthest = await page.evaluate(() => globalThis.furthest)
  assert.deepEqual(Object.keys(furthest), [clip.urls.video])
  assert.ok(furthest[clip.urls.video] > 0.3, `${furthest[clip.urls.video]} s were played`)
})

test('spacing and contradictions are said in words that lead to their card', async () => {
  const id = await open({
    duration: 9,
    prompt: 'the desert',
    cards: [{ at: 0, clip: clip.id, in: 0, out: 1 }, { at: 1.3, image: clip.id, text: 'in the forest', gap: 'flow' }],
  })
  const chosen = (n) => card(n).and(page.locator('[aria-pressed=true]'))
  const close = page.getByRole('button', { name: 'Card 2 comes 0.3 s after' })
  await close.click()
  await chosen(2).waitFor()
  await page.getByRole('button', { name: 'The 7.7 s after card 2 are filled freely' }).click()
  await chosen(2).waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: /^The scene says .*, card 2 at 1.3 s says/ }).click()
  await chosen(2).waitFor()
  assert.equal(await page.getByText('s apart').count(), 0, 'said once, in the language of the page')
  assert.deepEqual(await violations(page), [])
  await page.getByText('Cut', { exact: true }).click()
  await close.waitFor({ state: 'detached' })
  assert.equal((await saved(id))[1].gap, 'cut')
  await page.getByText('Flows', { exact: true }).click()
  await close.waitFor()
  assert.equal((await saved(id))[1].gap, 'flow')
})

test('cards are duplicated, deleted, and come back by undo and go by redo', async () => {
  const id = await open({ duration: 4, cards: [{ at: 0, text: 'a frog' }] })
  await card(1).focus()
  await page.keyboard.press('d')
  await card(2).waitFor()
  await page.getByRole('button', { name: 'Duplicate' }).click()
  await card(3).waitFor()
  assert.deepEqual(await saved(id), [0, 1, 2].map((at) => ({ at, text: 'a frog' })))
  await page.keyboard.press('Delete')
  await card(3).waitFor({ state: 'detached' })
  await card(2).focus()
  await page.getByRole('button', { name: 'Delete the card' }).click()
  await card(2).waitFor({ state: 'detached' })
  await page.getByRole('button', { name: 'Undo' }).click()
  await page.keyboard.press('Control+z')
  await card(3).waitFor()
  await page.keyboard.press('Control+y')
  await page.getByRole('button', { name: 'Redo' }).click()
  await card(2).waitFor({ state: 'detached' })
  assert.ok(await page.getByRole('button', { name: 'Redo' }).isDisabled())
  assert.deepEqual(await saved(id), [{ at: 0, text: 'a frog' }])
})

test('footage is trimmed by dragging its edges', async () => {
  const id = await open({ duration: 2, cards: [{ at: 0.5, clip: clip.id, in: 0, out: 1 }] })
  await page.locator('.card.clip .frame').first().waitFor()
  const scale = (await card(1).boundingBox()).width
  await drag(page.locator('.trim.right'), -0.4 * scale)
  const [right] = await saved(id)
  assert.ok(Math.abs(right.out - 0.6) < 0.06 && right.at === 0.5 && right.in === 0, JSON.stringify(right))
  await drag(page.locator('.trim.left'), 0.2 * scale)
  const [left] = await saved(id)
  assert.ok(Math.abs(left.in - 0.2) < 0.06 && Math.abs(left.at - 0.5 - left.in) < 0.011 && left.out === right.out, JSON.stringify(left))
  // no further than there is footage
  await drag(page.locator('.trim.right'), 3 * scale)
  assert.equal((await saved(id))[0].out, 1)
  await card(1).focus()
  await page.keyboard.press('Alt+ArrowLeft')
  assert.equal((await saved(id))[0].out, 0.9)
})

test('a picture is chosen from a file, or dropped from the desktop where it shall appear', async () => {
  const id = await open({ duration: 4 })
  await page.locator('.bar input[type=file]').setInputFiles(picture)
  await page.locator('.card.image img').waitFor()
  await page.getByRole('slider', { name: 'How closely it is met' }).fill('0.5')
  const lane = page.locator('.lane')
  const { width } = await lane.boundingBox()
  await dropFile(page, lane, { ...picture, name: 'dropped.png' }, { x: width * 0.75, y: 40 })
  await page.locator('.card.image').nth(1).waitFor()
  const [first, dropped] = await saved(id)
  assert.deepEqual([first.at, first.strength, dropped.strength], [0, 0.5, 1])
  assert.ok(Math.abs(dropped.at - 3) < 0.05, `it fell at second 3, and lies at ${dropped.at}`)
  const uploads = (await api.get('/api/clips?kind=upload')).items
  assert.ok(uploads.some((one) => one.id === dropped.image && one.title.startsWith('dropped')))
  // under the playhead it is seen
  await head().focus()
  await page.keyboard.press('ArrowRight')
  await page.locator('.stage img').waitFor()
})
