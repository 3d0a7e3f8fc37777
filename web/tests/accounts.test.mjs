// A studio for more than one person: nobody sees anything before signing in, and an admin lets others in.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { begin, looks, violations } from './studio.mjs'

let studio, page, end

before(async () => {
  ;({ studio, page, end } = await begin({ flags: ['--users'], settings: '[plans.Plus]\ncredits = 1000\n' }))
})
after(() => end?.())
async function signIn(on, name, password) {
  await on.getByRole('textbox', { name: 'Name' }).fill(name)
  await on.getByLabel('Password').fill(password)
  await on.getByRole('button', { name: 'Sign in' }).click()
}

test('an admin signs in, makes a key and a user, and signs out', { skip: Boolean(process.env.STUDIO) }, async () => {
  await page.goto(`${studio.base}/settings/keys`)
  await page.getByRole('button', { name: 'Sign in' }).waitFor()
  for (const [colorScheme, width] of looks) {
    await page.emulateMedia({ colorScheme })
    await page.setViewportSize({ width, height: 720 })
    assert.deepEqual(await violations(page), [], `in ${colorScheme} at ${width}`)
  }
  await page.setViewportSize({ width: 1280, height: 720 })
  await signIn(page, 'admin', 'not this')
  await page.getByRole('alert').waitFor()
  await signIn(page, 'admin', /password (\S+)/.exec(studio.log())[1])
  await page.getByRole('heading', { name: 'API keys' }).waitFor()
  await page.getByRole('link', { name: 'Signed in as admin' }).waitFor()
  await page.getByRole('textbox', { name: 'What is it for?' }).fill('a script')
  await page.getByRole('button', { name: 'New key' }).click()
  const key = await page.locator('.fresh code').textContent()
  const answer = await fetch(`${studio.base}/api/clips`, { headers: { authorization: `Bearer ${key}` } })
  assert.equal(answer.status, 200)
  await page.getByRole('textbox', { name: 'Name' }).fill('mai')
  await page.getByLabel('Password', { exact: true }).fill('a long enough one')
  await page.getByRole('button', { name: 'Add user' }).click()
  await page.getByText('mai', { exact: true }).waitFor()
  await page.getByRole('combobox', { name: 'Plan of mai' }).selectOption('Plus')
  await page.getByRole('button', { name: 'Change mai' }).click()
  await page.getByRole('menuitem', { name: 'New password…' }).click()
  await page.getByRole('dialog').getByLabel('New password').fill('given by the admin')
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click()
  await page.getByText('mai is signed out everywhere').waitFor()
  assert.deepEqual(await violations(page), [])
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByRole('button', { name: 'Sign in' }).waitFor()
  await signIn(page, 'mai', 'given by the admin')
  await page.getByText('What shall we see?').waitFor()
  await page.goto(`${studio.base}/settings/keys`)
  assert.equal((await page.evaluate(async () => (await fetch('/api/usage')).json())).credits, 1000)
  await page.getByLabel('Current password').fill('given by the admin')
  await page.getByLabel('New password').fill('chosen by herself')
  await page.getByRole('button', { name: 'Change password' }).click()
  await page.getByText('The password is changed').waitFor()
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByRole('button', { name: 'Sign in' }).waitFor()
  await signIn(page, 'mai', 'chosen by herself')
  await page.getByText('What shall we see?').waitFor()
})
