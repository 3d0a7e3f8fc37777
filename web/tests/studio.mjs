// A studio for the tests: the real server on an empty directory, and a browser on its pages.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'

/** KINORA names the program to test, CHROMIUM the browser, STUDIO a running server to use instead. */
const program = process.env.KINORA ?? '../target/release/kinora'
const browserPath = process.env.CHROMIUM ?? '/usr/bin/chromium'

const freePort = () =>
  new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address()
      probe.close(() => resolve(port))
    })
  })

/** Starts a server with these flags beside its address and folder. */
export async function start(...flags) {
  if (process.env.STUDIO) return { base: process.env.STUDIO, data: '', stop: async () => {}, log: () => '' }
  const data = mkdtempSync(join(tmpdir(), 'studio-'))
  const base = `http://127.0.0.1:${await freePort()}`
  const server = spawn(program, ['serve', '--addr', base.slice(7), '--data', data, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] })
  let log = ''
  server.stdout.on('data', (text) => (log += text))
  server.stderr.on('data', (text) => (log += text))
  const ended = new Promise((resolve) => server.on('exit', resolve))
  for (let tries = 0; ; tries += 1) {
    const up = await fetch(`${base}/ready`).then((answer) => answer.ok, () => false)
    if (up) break
    if (tries > 100 || server.exitCode !== null) throw new Error(`the server does not start:\n${log}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  const stop = async () => {
    server.kill('SIGTERM')
    const late = setTimeout(() => server.kill('SIGKILL'), 20_000)
    await ended
    clearTimeout(late)
    rmSync(data, { recursive: true, force: true })
  }
  return { base, data, stop, log: () => log }
}

/** Asks a studio as its pages do; `make` waits for the clips of a job. */
export function client(base) {
  async function ask(method, path, body) {
    const headers = { 'content-type': 'application/json', 'x-csrf': '1' }
    const answer = await fetch(base + path, { method, headers, body: body && JSON.stringify(body) })
    const text = await answer.text()
    assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`)
    return text && JSON.parse(text)
  }
  const get = (path) => ask('GET', path)
  const post = (path, body = {}) => ask('POST', path, body)
  async function make(request) {
    const { id } = await post('/api/jobs', request)
    for (const end = Date.now() + MADE; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 100))) {
      const job = await get(`/api/jobs/${id}`)
      if (job.status === 'completed') return Promise.all(job.clips.map((clip) => get(`/api/clips/${clip}`)))
      assert.ok(['queued', 'running'].includes(job.status), `${job.status}: ${job.error}`)
    }
    assert.fail(`${request.prompt ?? request.tool} was never made`)
  }
  return { get, post, make }
}

/** Milliseconds that making a clip may take on a busy machine. */
export const MADE = 120_000
/** The smallest and shortest that the engine draws. */
export const tiny = (prompt) => ({ prompt, size: '96x64', seconds: 1, fps: 8, steps: 1 })

/** Lets go of a file of the desktop over an element, at a point of it. */
export async function dropFile(page, target, { name, mimeType, buffer }, at) {
  const dataTransfer = await page.evaluateHandle(
    ([name, type, text]) => {
      const transfer = new DataTransfer()
      transfer.items.add(new File([Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))], name, { type }))
      return transfer
    },
    [name, mimeType, buffer.toString('base64')],
  )
  const box = await target.boundingBox()
  const event = { dataTransfer, clientX: box.x + at.x, clientY: box.y + at.y }
  await target.dispatchEvent('dragover', event)
  await target.dispatchEvent('drop', event)
}

export const launch = () => chromium.launch({ executablePath: browserPath, args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update'] })

/** A server with these flags, and settings of its own where some are given, with a page of a browser; `end` ends both. */
export async function begin({ flags = [], settings, viewport = { width: 1280, height: 800 } } = {}) {
  const file = settings && join(mkdtempSync(join(tmpdir(), 'settings-')), 'studio.toml')
  if (file) writeFileSync(file, settings)
  const studio = await start(...flags, ...(file ? ['--config', file] : []))
  const browser = await launch().catch(async (error) => {
    await studio.stop()
    throw error
  })
  const page = await (await browser.newContext({ viewport })).newPage()
  page.setDefaultTimeout(15_000)
  const end = async () => {
    await browser.close()
    await studio.stop()
  }
  return { studio, browser, page, end }
}

/** Themes and widths that every page is looked at in. */
export const looks = ['dark', 'light'].flatMap((colorScheme) => [1280, 768, 390].map((width) => [colorScheme, width]))

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** What axe finds on the page once all that fades or slides has arrived, one line each. */
export async function violations(page) {
  await page.evaluate(() => {
    const arriving = document.getAnimations().filter((one) => Number.isFinite(one.effect?.getComputedTiming().endTime))
    return Promise.allSettled(arriving.map((one) => one.finished))
  })
  // through the debugger, not a script element: the pages' own policy forbids those
  await page.evaluate(axeSource)
  const found = await page.evaluate(() => globalThis.axe.run())
  return found.violations.map((one) => `${one.id} (${one.impact}): ${one.nodes.map((node) => node.target.join(' ')).slice(0, 3).join(' | ')}`)
}
