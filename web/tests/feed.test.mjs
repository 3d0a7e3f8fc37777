// The feed of a studio with accounts: posts by the page, whose they are, what is liked and what is featured.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { begin, violations } from './studio.mjs'

const POSTS = 150

let studio, browser, page, end

before(async () => {
  ;({ studio, browser, page, end } = await begin({ flags: ['--users'], settings: '[limits]\nwrites = 0\n' }))
})
after(() => end?.())

/** Asks as whoever logs in under this name. */
async function asker(name, password) {
  const login = await fetch(`${studio.base}/api/login`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ name, password }) })
  const cookie = login.headers.get('set-cookie').split(';')[0]
  return async (method, path, body) => {
    const form = body instanceof FormData
    const headers = { cookie, 'x-csrf': '1', ...(body && !form ? { 'content-type': 'application/json' } : {}) }
    const answer = await fetch(studio.base + path, { method, headers, body: form ? body : body && JSON.stringify(body) })
    assert.ok(answer.ok, `${method} ${path}: ${answer.status}`)
    return answer.json()
  }
}

test('posts are read to the end, liked and featured', { skip: Boolean(process.env.STUDIO) }, async () => {
  const password = /password (\S+)/.exec(studio.log())[1]
  const admin = await asker('admin', password)
  await admin('POST', '/api/users', { name: 'mai', password: 'a long enough one' })
  const mai = await asker('mai', 'a long enough one')
  const pictures = []
  for (const [width, height] of [[320, 180], [180, 180], [180, 320]]) pictures.push(await page.screenshot({ clip: { x: 0, y: 0, width, height } }))
  for (let at = 0; at < POSTS; at += 1) {
    const form = new FormData()
    form.append('file', new Blob([pictures[(at * 7) % 3]]), `picture ${at}.png`)
    const clip = await mai('POST', '/api/clips', form)
    await mai('POST', `/api/clips/${clip.id}/publish`)
  }

  await page.goto(`${studio.base}/feed`)
  await page.getByRole('textbox', { name: 'Name' }).fill('admin')
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  const post = (at) => page.getByRole('listitem').filter({ has: page.getByRole('button', { name: `Open picture ${at}`, exact: true }) })
  await post(POSTS - 1).getByText('by mai').waitFor()
  assert.deepEqual(await violations(page), [])

  // the wheel leads to the oldest, through three pages, and only what is near is drawn
  await page.mouse.move(640, 500)
  for (let turns = 0; (await post(0).count()) === 0; turns += 1) {
    assert.ok(turns < 400, 'the end is never reached')
    await page.mouse.wheel(0, 900)
    await page.waitForTimeout(60)
  }
  assert.ok((await page.getByRole('listitem').count()) < 60)
  await page.locator('.page').evaluate((element) => element.scrollTo(0, 0))

  // what was liked and featured is so after a reload
  const like = (at) => post(at).getByRole('button', { name: /^Like/ })
  await like(POSTS - 2).click()
  await post(POSTS - 2).getByRole('button', { name: 'Like; 1 so far', pressed: true }).waitFor()
  await post(POSTS - 3).getByRole('button', { name: 'Feature it' }).click()
  await post(POSTS - 3).getByText('Featured').waitFor()
  await page.reload()
  await post(POSTS - 2).getByRole('button', { name: 'Like; 1 so far', pressed: true }).waitFor()
  await page.getByText('Most liked', { exact: true }).click()
  await page.waitForURL(/sort=likes/)
  await page.waitForFunction((name) => document.querySelector('li .open')?.ariaLabel === name, `Open picture ${POSTS - 2}`)
  await page.getByRole('radio', { name: 'Featured' }).check({ force: true })
  await page.waitForURL(/sort=featured/)
  await page.waitForFunction(() => document.querySelectorAll('li .open').length === 1)
  await page.reload()
  await post(POSTS - 3).waitFor()
  if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/feed-featured.png` })
  await post(POSTS - 3).getByRole('button', { name: 'Feature it' }).click()
  await page.getByText('Nothing is featured yet').waitFor()

  // whoever is no administrator features nothing
  const other = await browser.newPage({ viewport: { width: 390, height: 800 } })
  await other.goto(`${studio.base}/feed`)
  await other.getByRole('textbox', { name: 'Name' }).fill('mai')
  await other.getByLabel('Password').fill('a long enough one')
  await other.getByRole('button', { name: 'Sign in' }).click()
  await other.getByRole('button', { name: 'Like; 1 so far', pressed: false }).waitFor()
  assert.equal(await other.getByRole('button', { name: 'Feature it' }).count(), 0)
  assert.deepEqual(await violations(other), [])
  const wide = await other.evaluate(() => document.documentElement.scrollWidth - innerWidth)
  assert.ok(wide <= 0, `${wide} px too wide`)
  if (process.env.SHOTS) await other.screenshot({ path: `${process.env.SHOTS}/feed-phone.png` })
  await other.getByRole('button', { name: `Open picture ${POSTS - 1}`, exact: true }).click()
  await other.getByRole('dialog').getByText('by mai').waitFor()
  assert.deepEqual(await violations(other), [])
})
