// The relaxed queue of a plan: chosen by hand, and by itself for what the plan has too little left for.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { MADE, begin, violations } from './studio.mjs'

let studio, page, end

before(async () => {
  ;({ studio, page, end } = await begin({ settings: 'plan = "Pro"\n[plans.Pro]\ncredits = 30\nrelaxed = true\n' }))
})
after(() => end?.())

const api = async (path) => (await fetch(studio.base + path)).json()
/** The class of the job that this starts. */
async function classOf(press) {
  const answer = page.waitForResponse((one) => one.url().endsWith('/api/jobs') && one.status() === 201)
  await press()
  return (await (await answer).json()).class
}

test('a plan’s relaxed queue is offered, and taken when the month is used up', { skip: Boolean(process.env.STUDIO) }, async () => {
  await page.goto(studio.base)
  await page.getByRole('textbox', { name: 'What to show' }).fill('a lion walks in the snow')
  for (const [button, item] of [['5 s', '1 s'], ['Standard', 'Draft']]) {
    await page.locator('.composer').getByRole('button', { name: button }).click()
    await page.getByRole('menuitemradio', { name: item, exact: true }).click()
  }
  const composer = page.locator('.composer')
  const choice = page.getByRole('checkbox', { name: 'Relaxed: free, waits behind others' })
  const generate = () => composer.getByRole('button', { name: 'Generate', exact: true }).click()

  await composer.getByText('25 credits').waitFor()
  await choice.check()
  await composer.getByText('25 credits').waitFor({ state: 'detached' })
  assert.deepEqual(await violations(page), [])
  if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/classes-choice.png` })
  assert.equal(await classOf(generate), 'relaxed')
  assert.equal((await api('/api/usage')).credits_used, 0)

  await choice.uncheck()
  await composer.getByText('25 credits').waitFor()
  assert.equal(await classOf(generate), 'priority')
  assert.equal((await api('/api/usage')).credits_used, 25)

  // 5 are left, and the composer knows it without being touched
  await composer.getByText('it will wait in the relaxed queue, for free').waitFor()
  assert.deepEqual(await violations(page), [])
  if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/classes-over.png` })
  assert.equal(await classOf(generate), 'relaxed')
  await page.getByText('it waits in the relaxed queue, for free').waitFor()

  // the same of a storyboard, and of a tool
  await page.goto(`${studio.base}/boards`)
  await page.getByRole('button', { name: 'New storyboard' }).click()
  await page.getByRole('textbox', { name: 'The scene, throughout' }).fill('a stream')
  await page.getByText('it will wait in the relaxed queue, for free').waitFor()
  assert.equal(await classOf(() => page.getByRole('button', { name: 'Draft' }).click()), 'relaxed')
  let clip
  for (let end = Date.now() + MADE; !clip && Date.now() < end; await page.waitForTimeout(300)) [clip] = (await api('/api/clips')).items
  await page.goto(`${studio.base}/clip/${clip.id}?tool=remix`)
  await page.getByRole('textbox', { name: 'What shall be different' }).fill('a lion walks in the desert')
  const panel = page.getByRole('tabpanel')
  await panel.getByText('it will wait in the relaxed queue, for free').waitFor()
  assert.equal(await classOf(() => panel.getByRole('button', { name: 'Generate' }).click()), 'relaxed')
  assert.equal((await api('/api/usage')).credits_used, 25)
  await page.goto(`${studio.base}/queue`)
  await page.locator('.job', { hasText: 'relaxed' }).nth(3).waitFor()
})
