// A creator's afternoon, in a real browser with the real engine: from the first prompt to the download.
// Clips are one second long, and those that tools make are drafts, so that it stays short; each step uses what the one before made.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { MADE, begin, looks, violations } from './studio.mjs'

let studio, browser, page, end
const complaints = []

before(async () => {
  ;({ studio, browser, page, end } = await begin())
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => message.type() === 'error' && complaints.push(`${message.text()} ${message.location().url}`))
  await page.goto(studio.base)
})
after(() => end?.())

const api = async (path) => (await fetch(studio.base + path)).json()
/** A menu's button by what it is for, then its item. */
async function choose(button, item) {
  await page.locator('.composer').getByRole('button', { name: button }).click()
  await page.getByRole('menuitemradio', { name: item, exact: true }).click()
}
async function clips(filters = '') {
  return (await api(`/api/clips?limit=200${filters}`)).items
}
/** Waits until one more clip was made with a tool, and returns it. */
async function made(tool, press) {
  const known = new Set((await clips()).map((clip) => clip.id))
  await press()
  for (let end = Date.now() + MADE; Date.now() < end; await page.waitForTimeout(300)) {
    const fresh = (await clips()).find((clip) => clip.tool === tool && !known.has(clip.id))
    if (fresh) return fresh
    const failed = (await api('/api/jobs?status=failed')).items[0]
    if (failed) assert.fail(`${failed.tool} failed: ${failed.error}`)
    const refused = await page.locator('.toast.bad').allTextContents()
    assert.deepEqual(refused, [], `${tool} was refused`)
  }
  assert.fail(`no ${tool} was made`)
}
const open = async (id, tool) => {
  await page.goto(`${studio.base}/clip/${id}${tool ? `?tool=${tool}` : ''}`)
  await page.getByRole('tabpanel').waitFor()
}
const generate = () => page.getByRole('tabpanel').getByRole('button', { name: 'Generate' }).click()
const draft = () => page.getByRole('combobox', { name: 'Effort' }).selectOption('draft')

let first, second

/** Each step uses what the one before made: after the first that fails, the rest are left out. */
let broken = false
function step(name, act) {
  test(name, { timeout: 4 * MADE }, async (context) => {
    if (broken) return context.skip('an earlier step failed')
    broken = true
    await act()
    broken = false
  })
}

step('one prompt makes four variants', async () => {
  await page.getByRole('textbox', { name: 'What to show' }).fill('a woolly mammoth walks in the desert, wide-angle shot')
  await choose('16:9', '1:1 square')
  await choose('480p', '720p')
  await choose('5 s', '1 s')
  await choose('×1', '4 at once')
  await page.getByRole('button', { name: 'Keep one seed' }).click()
  await page.getByRole('textbox', { name: 'Seed', exact: true }).fill('7')
  await page.locator('.estimate p').first().waitFor()
  await page.getByRole('button', { name: 'Generate', exact: true }).click()
  await page.getByRole('progressbar', { name: 'Progress' }).waitFor()
  await page.getByText('1/4').waitFor({ timeout: MADE })
  const all = await clips()
  assert.equal(all.length, 4)
  assert.ok(all.every((clip) => clip.width === 720 && clip.height === 720 && Math.abs(clip.seconds - 1) < 0.05))
  assert.equal(new Set(all.map((clip) => clip.seed)).size, 4, 'each variant has its own seed')
  ;[first, second] = all.sort((a, b) => a.variant - b.variant)
})

step('the variants of one tile are leafed through, and play under the pointer', async () => {
  const tile = page.locator('.tile').first()
  await page.getByRole('button', { name: 'Next variant' }).click()
  await page.getByText('2/4').waitFor()
  await tile.hover({ position: { x: 60, y: 60 } })
  const video = tile.locator('video')
  await video.waitFor()
  await page.waitForFunction((element) => element.currentTime > 0, await video.elementHandle())
})

step('a clip is favourite, bookmarked, put into a folder, found, and shown as a list', async () => {
  const tile = page.locator('.tile').first()
  await tile.hover()
  await tile.getByRole('button', { name: 'Favourite' }).click()
  await tile.getByRole('button', { name: 'Bookmark' }).click()
  await page.getByRole('button', { name: 'New folder' }).click()
  // whoever presses it types on: no letter is taken for a key of the page's
  await page.keyboard.type('Mammoths')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'Mammoths', level: 1 }).waitFor()
  await page.getByRole('link', { name: 'Library', exact: true }).click()
  await page.locator('.tile').first().dragTo(page.getByRole('link', { name: /Mammoths/ }))
  await page.getByText('moved to Mammoths').waitFor()
  await page.getByRole('link', { name: /Mammoths/ }).click()
  await page.locator('.tile').first().waitFor()
  const [stored] = await clips(`&folder=${(await api('/api/folders')).items[0].id}`)
  assert.ok(stored.favourite && stored.bookmarked)
  await page.getByRole('button', { name: 'Show as list' }).click()
  await page.locator('.line').first().waitFor()
  await page.getByRole('link', { name: 'Library', exact: true }).click()
  await page.getByRole('searchbox').fill('mammoth')
  await page.waitForURL(/q=mammoth/)
  await page.getByRole('searchbox').fill('nothing of the kind')
  await page.getByText('Nothing here').waitFor()
  await page.getByRole('searchbox').fill('')
  await page.locator('.line').nth(3).waitFor()
  await page.getByRole('button', { name: 'Show as grid' }).click()
})

step('with the keyboard alone: select, trash, undo, open', async () => {
  await page.getByText('moved to Mammoths').waitFor({ state: 'hidden' })
  await page.locator('[data-tile="0"]').focus()
  await page.keyboard.press('x')
  await page.getByText('1 selected').waitFor()
  await page.keyboard.press('Delete')
  await page.getByText('moved to the trash').waitFor()
  await page.waitForFunction(async () => (await (await fetch('/api/clips')).json()).total === 3)
  await page.getByRole('button', { name: 'Undo' }).click()
  await page.waitForFunction(async () => (await (await fetch('/api/clips')).json()).total === 4)
  await page.keyboard.press('?')
  await page.getByRole('dialog', { name: 'Keyboard' }).waitFor()
  await page.keyboard.press('Escape')
  await page.locator('[data-tile="0"]').focus()
  await page.keyboard.press('Enter')
  await page.waitForURL(/\/clip\//)
})

step('a clip plays, steps by frames, downloads, and gives its settings back', async () => {
  await open(first.id)
  const time = () => page.locator('.stage video').evaluate((video) => video.currentTime)
  await page.keyboard.press('.')
  await page.keyboard.press('.')
  const there = await time()
  assert.ok(Math.abs(there * first.fps - 2.5) < 0.6, `two frames on is ${there} s`)
  await page.keyboard.press('Space')
  await page.waitForFunction((from) => document.querySelector('.stage video').currentTime !== from, there)
  const waiting = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Download' }).click()
  await page.getByRole('menuitem', { name: 'MP4', exact: true }).click()
  const stream = await (await waiting).createReadStream()
  const bytes = Buffer.concat(await stream.toArray())
  assert.equal(bytes.subarray(4, 8).toString(), 'ftyp')
  await page.getByRole('button', { name: 'Again with this seed' }).click()
  assert.equal(await page.getByRole('textbox', { name: 'Seed', exact: true }).inputValue(), String(first.seed))
  assert.equal(await page.getByRole('textbox', { name: 'What to show' }).inputValue(), first.prompt)
})

step('a picture from the desktop becomes the first frame of a clip', async () => {
  await page.goto(studio.base)
  const picture = await page.screenshot({ clip: { x: 0, y: 0, width: 320, height: 180 } })
  await page.locator('.composer input[type=file]').setInputFiles({ name: 'start.png', mimeType: 'image/png', buffer: picture })
  await page.locator('.attached img').waitFor()
  await page.getByRole('textbox', { name: 'What to show' }).fill('a lion walks in the meadow')
  await page.waitForFunction(() => localStorage.getItem('kinora')?.includes('a lion walks in the meadow'))
  await page.reload()
  await page.locator('.attached img').waitFor()
  await choose('720p', '480p')
  await choose('1 s', '2 s')
  await page.getByRole('textbox', { name: 'What to show' }).focus()
  const clip = await made('generate', () => page.keyboard.press('Enter'))
  assert.ok(Math.abs(clip.seconds - 2) < 0.05, `${clip.seconds} s`)
  const [upload] = await clips('&kind=upload')
  assert.deepEqual(clip.parents, [upload.id])
  assert.equal(upload.frames, 1)
})

step('a clip is cut and gets a new ending', async () => {
  await open(first.id, 'recut')
  await draft()
  assert.ok(await page.getByRole('button', { name: /Split at/ }).isDisabled(), 'nothing lies before the beginning')
  await page.getByRole('slider', { name: 'Position' }).click({ position: { x: 300, y: 20 } })
  await page.getByRole('button', { name: /Split at/ }).click()
  await page.getByRole('tabpanel').getByRole('checkbox').nth(1).waitFor()
  await page.keyboard.press('Control+z')
  await page.getByRole('tabpanel').getByRole('checkbox').nth(1).waitFor({ state: 'detached' })
  await page.getByRole('button', { name: /Split at/ }).click()
  await page.getByRole('tabpanel').getByRole('checkbox').nth(1).uncheck()
  await page.getByRole('slider', { name: 'New ending' }).fill('1')
  const clip = await made('recut', generate)
  assert.deepEqual(clip.parents, [first.id])
  assert.ok(clip.seconds > 1.2 && clip.seconds < 1.8, `${clip.seconds} s`)
  await page.getByRole('heading', { name: 'Became' }).waitFor()
})

step('a clip is remixed by words, in part', async () => {
  await open(first.id, 'remix')
  await draft()
  await page.getByRole('textbox', { name: 'What shall be different' }).fill('a woolly mammoth walks in the snow')
  await page.getByText('Strong', { exact: true }).click()
  const clip = await made('remix', generate)
  assert.deepEqual(clip.parents, [first.id])
  assert.ok(Math.abs(clip.seconds - first.seconds) < 0.05)
  await open(clip.id)
  await page.getByRole('button', { name: 'Compare with what it came from' }).click()
  await page.locator('figure video').waitFor()
})

step('two clips are blended along a curve that was drawn by hand', async () => {
  await open(first.id, 'blend')
  await draft()
  await page.getByRole('button', { name: 'Choose the other clip' }).click()
  const other = page.getByRole('dialog').getByRole('listitem').filter({ has: page.locator(`img[src*="${second.id}"]`) })
  await other.getByRole('button').click()
  await page.locator('.curve svg').dblclick({ position: { x: 140, y: 40 } })
  await page.getByRole('slider', { name: 'Point 2 of the curve' }).press('ArrowUp')
  const clip = await made('blend', generate)
  assert.deepEqual([...clip.parents].sort(), [first.id, second.id].sort())
})

step('a clip is extended, looped, and drawn in another style', async () => {
  await open(first.id, 'extend')
  await draft()
  await page.getByRole('slider', { name: 'Add after' }).fill('1')
  const longer = await made('extend', generate)
  assert.ok(Math.abs(longer.seconds - 2) < 0.15, `${longer.seconds} s`)
  await open(first.id, 'loop')
  await draft()
  const loop = await made('loop', generate)
  assert.ok(loop.seconds > 2.5, `${loop.seconds} s`)
  await open(first.id, 'style')
  await draft()
  await page.getByRole('radio', { name: 'Film Noir' }).check()
  const noir = await made('remix', generate)
  assert.equal(noir.style, (await api('/api/styles')).items.find((style) => style.title === 'Film Noir').name)
})

step('a storyboard of two cards becomes a clip', async () => {
  await page.goto(`${studio.base}/boards`)
  const fresh = page.getByRole('button', { name: 'New storyboard' })
  const colours = () => fresh.evaluate((button) => [getComputedStyle(button).backgroundColor, getComputedStyle(button).color].join())
  const still = await colours()
  await fresh.hover()
  assert.equal(await colours(), still, 'its words stay readable under the pointer')
  await fresh.click()
  await page.getByRole('textbox', { name: 'Name of the storyboard' }).fill('Crane')
  await page.getByRole('textbox', { name: 'The scene, throughout' }).fill('a quiet stream at dawn, soft light')
  await page.getByRole('spinbutton', { name: 'Seconds' }).fill('2')
  await page.keyboard.press('Tab')
  await page.getByRole('button', { name: 'Words', exact: true }).click()
  await page.waitForFunction(() => document.activeElement?.id === 'words')
  await page.keyboard.type('a beautiful white crane with a yellow tail stands in the stream')
  await page.getByRole('button', { name: 'Show all' }).click()
  // the second card: the first, split in the middle
  const head = page.getByRole('slider', { name: 'Playhead' })
  await head.focus()
  for (let step = 0; step < 10; step += 1) await page.keyboard.press('ArrowRight')
  await page.keyboard.press('s')
  await page.getByRole('button', { name: /^Card 2/ }).waitFor()
  await page.getByRole('textbox', { name: 'What happens from here on' }).fill('the crane dips its head into the water')
  // the field keeps the focus: what is typed is saved all the same
  await page.getByText('Saved', { exact: true }).waitFor()
  const written = (await api(`/api/boards/${page.url().split('/').at(-1)}`)).board
  assert.deepEqual([written.prompt, written.cards[1].text], ['a quiet stream at dawn, soft light', 'the crane dips its head into the water'])
  const clip = await made('storyboard', () => page.getByRole('button', { name: 'Draft' }).click())
  assert.ok(Math.abs(clip.seconds - 2) < 0.05, `${clip.seconds} s`)
  await page.getByTitle(/^Open the clip of this board/).waitFor()
})

step('cards are dragged, trimmed, undone, and kept', async () => {
  const card = () => page.getByRole('button', { name: /^Card 2/ })
  const stored = async () => (await api(`/api/boards/${page.url().split('/').at(-1)}`)).board.cards
  const box = await card().boundingBox()
  await page.mouse.move(box.x + 60, box.y + 20)
  await page.mouse.down()
  await page.mouse.move(box.x + 90, box.y + 20, { steps: 4 })
  await page.mouse.move(box.x + 160, box.y + 20, { steps: 4 })
  await page.mouse.up()
  await page.waitForFunction(() => document.querySelector('.saved')?.textContent === 'Saved')
  assert.ok((await stored())[1].at > 1.1)
  await page.getByRole('button', { name: 'Undo' }).click()
  await page.waitForFunction(() => document.querySelector('.saved')?.textContent === 'Saved')
  assert.equal((await stored())[1].at, 1)
  // a clip of the library, dropped after the cards, makes the board longer and shows its frames
  await page.getByRole('button', { name: /^Put on the timeline/ }).first().click()
  await page.locator('.card.clip .frame').first().waitFor()
  const [kept] = (await stored()).filter((one) => one.clip)
  assert.equal(kept, undefined, 'saved a moment later, not at once')
  await page.waitForFunction(() => document.querySelector('.saved')?.textContent === 'Saved')
  await card().first().focus()
  await page.reload()
  await page.locator('.card.clip').waitFor()
})

step('the queue shows what was made; waiting jobs change places; a running job is cancelled', async () => {
  await page.goto(`${studio.base}/queue`)
  await page.locator('.job').nth(5).waitFor()
  await page.evaluate(() => fetch('/api/jobs', { method: 'POST', headers: { 'content-type': 'application/json', 'x-csrf': '1' }, body: JSON.stringify({ tool: 'generate', prompt: 'a lion walks', seconds: 20, effort: 'quality' }) }))
  await page.getByRole('progressbar', { name: 'Progress' }).waitFor()
  // behind it wait three, which change places: by the keyboard, then by hand
  await page.evaluate(async () => {
    for (const prompt of ['a frog', 'a lion', 'a fox'])
      await fetch('/api/jobs', { method: 'POST', headers: { 'content-type': 'application/json', 'x-csrf': '1' }, body: JSON.stringify({ prompt, seconds: 1, effort: 'draft' }) })
  })
  const waiting = page.locator('.job', { hasText: 'Number' })
  const order = (words) => page.waitForFunction((words) => [...document.querySelectorAll('.job')].filter((one) => one.textContent.includes('Number')).map((one) => one.querySelector('.words').textContent).join() === words, words)
  const stored = async () => (await api('/api/jobs?status=queued')).items.sort((a, b) => a.position - b.position).map((job) => job.prompt).join()
  await waiting.nth(2).waitFor()
  await waiting.nth(2).getByRole('button', { name: 'Drag' }).press('ArrowUp')
  await order('a frog,a fox,a lion')
  await waiting.nth(0).getByRole('button', { name: 'Drag' }).dragTo(waiting.nth(2), { targetPosition: { x: 200, y: 60 } })
  await order('a fox,a lion,a frog')
  assert.equal(await stored(), 'a fox,a lion,a frog')
  await page.getByRole('button', { name: 'Cancel the 3 waiting' }).click()
  const running = page.locator('.job', { has: page.getByRole('progressbar') })
  await running.getByRole('button', { name: 'Cancel', exact: true }).click()
  await waiting.first().waitFor({ state: 'detached' })
  await page.locator('.job', { hasText: /Cancelled|Stopped at/ }).nth(3).waitFor({ timeout: 60_000 })
})

step('back from a clip the library lies where it was; menus show all that they hold', async () => {
  await page.setViewportSize({ width: 600, height: 420 })
  await page.goto(studio.base)
  await page.locator('.tile').nth(3).waitFor()
  await page.locator('.scroll').evaluate((element) => new Promise((done) => (element.addEventListener('scroll', done, { once: true }), element.scrollTo(0, 150))).then(() => undefined))
  await page.locator('.tile a').nth(2).evaluate((link) => link.click())
  await page.getByRole('tabpanel').waitFor()
  await page.goBack()
  await page.waitForFunction(() => document.querySelector('.scroll')?.scrollTop === 150)
  await page.setViewportSize({ width: 1280, height: 800 })
  await page.locator('.tile').first().hover()
  await page.locator('.tile').first().getByRole('button', { name: 'What to do with it' }).click()
  assert.ok(await page.getByRole('menu').evaluate((menu) => menu.scrollHeight <= menu.clientHeight))
  await page.keyboard.press('Escape')
})

step('what is published plays from the feed', async () => {
  await open(first.id)
  await page.getByRole('button', { name: 'Publish to the feed' }).click()
  await page.getByRole('button', { name: 'Take off the feed' }).waitFor()
  await page.goto(`${studio.base}/feed`)
  await page.getByRole('button', { name: `Play ${first.prompt}` }).click()
  const video = page.getByRole('dialog').locator('video')
  await video.waitFor()
  await page.waitForFunction((element) => element.currentTime > 0, await video.elementHandle())
  await page.getByRole('dialog').getByRole('link', { name: 'Remix' }).click()
  await page.waitForURL(/tool=remix/)
})

step('two tabs do not undo each other', async () => {
  await page.goto(studio.base)
  const other = await page.context().newPage()
  await other.goto(`${studio.base}/settings/looks`)
  await page.getByRole('textbox', { name: 'What to show' }).fill('typed in one tab')
  await page.waitForFunction(() => localStorage.getItem('kinora').includes('typed in one tab'))
  await other.getByText('Light', { exact: true }).click()
  await page.waitForFunction(() => document.documentElement.dataset.theme === 'light')
  await page.reload()
  assert.equal(await page.getByRole('textbox', { name: 'What to show' }).inputValue(), 'typed in one tab')
  await other.getByText('As the system', { exact: true }).click()
  await page.waitForFunction(() => !document.documentElement.dataset.theme)
  await other.close()
})

/** What axe has to say of the page, and whether it is too wide, in each look. */
async function inspect(what) {
  await page.getByRole('heading', { level: 1 }).first().waitFor({ state: 'attached' })
  for (const [colorScheme, width] of looks) {
    await page.emulateMedia({ colorScheme })
    await page.setViewportSize({ width, height: 800 })
    await page.waitForTimeout(150)
    assert.deepEqual(await violations(page), [], `${what} in ${colorScheme} at ${width}`)
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
    assert.ok(wide <= 0, `${what} is ${wide} px too wide at ${width}`)
  }
}

step('every page is accessible, in both themes at three widths', async () => {
  const [board] = (await api('/api/boards')).items
  const tools = ['remix', 'recut', 'extend', 'blend', 'loop', 'style'].map((tool) => `/clip/${first.id}?tool=${tool}`)
  const sections = ['looks', 'models', 'styles', 'usage', 'storage', 'moderation', 'keys'].map((section) => `/settings/${section}`)
  for (const path of ['/', '/queue', '/feed', '/boards', `/boards/${board.id}`, `/clip/${first.id}`, ...tools, ...sections, '/nowhere']) {
    await page.goto(studio.base + path)
    await inspect(path)
  }
})

step('open dialogs and menus are accessible, too', async () => {
  const dialogs = {
    keyboard: ['/', () => page.keyboard.press('?')],
    picker: [`/clip/${first.id}?tool=blend`, () => page.getByRole('button', { name: 'Choose the other clip' }).click()],
    tags: ['/', async () => (await page.locator('[data-tile]').first().focus(), await page.keyboard.press('x'), await page.getByRole('button', { name: 'Add tags' }).click())],
    folder: [`/?folder=${(await api('/api/folders')).items[0].id}`, async () => (await page.getByRole('button', { name: 'Change this folder' }).click(), await page.getByRole('menuitem', { name: 'Rename folder' }).click())],
    post: ['/feed', () => page.getByRole('button', { name: `Play ${first.prompt}` }).click()],
  }
  for (const [name, [path, show]] of Object.entries(dialogs)) {
    await page.setViewportSize({ width: 1280, height: 800 })
    await page.goto(studio.base + path)
    await page.getByRole('heading', { level: 1 }).first().waitFor({ state: 'attached' })
    await show()
    await page.getByRole('dialog').waitFor()
    await inspect(`the dialog ${name}`)
    await page.keyboard.press('Escape')
  }
})

step('the page speaks Chinese when asked', async () => {
  await page.goto(`${studio.base}/settings/looks`)
  await page.getByText('中文', { exact: true }).click()
  await page.getByRole('heading', { name: '设置' }).waitFor()
  assert.equal(await page.evaluate(() => document.documentElement.lang), 'zh-CN')
  await page.getByRole('link', { name: '风格', exact: true }).click()
  await page.getByText('黑色电影', { exact: true }).waitFor()
  await page.getByRole('link', { name: '模型', exact: true }).click()
  await page.getByText('它学过什么').click()
  await page.getByText('角色', { exact: true }).waitFor()
})

step('the first load is small, and nothing went wrong on the way', async () => {
  const fresh = await browser.newPage()
  await fresh.goto(studio.base)
  await fresh.locator('.composer').waitFor()
  const code = await fresh.evaluate(() => performance.getEntriesByType('resource').filter((one) => /\/assets\/|\.js$/.test(one.name)).reduce((sum, one) => sum + one.transferSize, 0))
  console.log(`first load: ${(code / 1000).toFixed(0)} KB of code over the line`)
  assert.ok(code > 10_000 && code < 200_000, `${code} bytes`)
  assert.deepEqual(complaints, [])
})
