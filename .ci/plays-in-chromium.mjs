// Open a clip in headless Chromium, play it to its end, and hold what the page says against what is wanted.
// usage: node plays-in-chromium.mjs CLIP.mp4 854x480 5   (needs playwright-core; CHROMIUM names the browser)
import { mkdtempSync, copyFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'

const [clip, size, seconds] = process.argv.slice(2)
const folder = mkdtempSync(join(tmpdir(), 'clip-'))
copyFileSync(clip, join(folder, 'clip.mp4'))
writeFileSync(join(folder, 'index.html'), '<video id="v" muted src="clip.mp4"></video>')

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update'],
})
const page = await browser.newPage()
await page.goto(`file://${folder}/index.html`)
const said = await page.evaluate(async () => {
  const v = document.getElementById('v')
  const over = new Promise((resolve, reject) => {
    v.onended = resolve
    v.onerror = () => reject(new Error(v.error.message))
  })
  v.playbackRate = 2
  await v.play()
  await over
  return { size: `${v.videoWidth}x${v.videoHeight}`, seconds: v.duration, frames: v.getVideoPlaybackQuality().totalVideoFrames }
})
await browser.close()
console.log(`chromium played ${said.size}, ${said.seconds.toFixed(2)} s, ${said.frames} frames`)
if (said.size !== size || Math.abs(said.seconds - Number(seconds)) > 0.02 || said.frames < 2) process.exit(1)
