import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { findChromium, openChromium } from './browser/chromium.ts'
import { withoutFfmpeg } from './browser/ffmpeg.ts'
import { openPage, picture, signUp, type Visit, widthBeyond } from './browser/page.ts'
import { startServer } from './browser/server.ts'
import { clipPath } from './club.ts'

const chromium = findChromium()
const missing = 'there is no Chromium here: apt-get install chromium, or name one in CHROMIUM_PATH'
// where everything is required, what is missing is a failure
const skip = process.env.CI !== 'true' && (chromium === undefined ? missing : withoutFfmpeg)

test('a channel is live for who is there and for who comes later, until it stops', {
  skip,
  timeout: 600_000,
}, async (context) => {
  assert.ok(chromium, missing)
  await using server = await startServer()
  await using browser = await openChromium(chromium)
  const ann = await openPage(browser, server.url)
  const bob = await openPage(browser, server.url)
  const guest = await openPage(browser, server.url, { viewport: { width: 360, height: 780 }, colorScheme: 'dark' })
  await signUp(ann, 'Ann')
  const address = await getAddress(ann)
  const lost = send(address)
  context.after(() => lost.kill('SIGKILL'))

  await context.test('who is on the first page sees who is live', () => seesLive(bob))
  await context.test('what is sent plays', () => plays(bob, 'live'))
  await context.test('who comes later joins in', () => joins(bob, guest))
  lost.kill('SIGKILL')
  const encoder = send(address)
  context.after(() => encoder.kill('SIGKILL'))
  await context.test('it goes on with an encoder that comes back', () => goesOn(bob))
  await context.test('it ends when the encoder stops', () => ends(encoder, bob))
  await context.test('nothing went wrong in their pages', () => {
    for (const { complaints } of [ann, bob, guest]) assert.deepEqual(complaints, [])
  })
})

async function getAddress(ann: Visit): Promise<string> {
  const { page } = ann
  await page.goto('/studio')
  await page.getByRole('button', { name: 'Get a secret address' }).click()
  const command = await page.locator('.go-live pre').textContent()
  await picture(ann, 'go-live')
  return /"(http[^"]+)"/.exec(command ?? '')?.[1] ?? ''
}

/** Sends the sample clip over and over, as fast as it plays. */
function send(address: string): ChildProcess {
  const input = ['-nostdin', '-v', 'error', '-re', '-stream_loop', '-1', '-i', clipPath]
  const coded = ['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '24', '-c:a', 'aac']
  return spawn('ffmpeg', [...input, ...coded, '-f', 'mpegts', address], { stdio: ['ignore', 'inherit', 'inherit'] })
}

async function seesLive(bob: Visit): Promise<void> {
  await bob.page.goto('/')
  await bob.page.getByRole('list', { name: 'Live now' }).getByRole('link', { name: 'Ann' }).waitFor()
  await picture(bob, 'live-now')
  await bob.page.getByRole('list', { name: 'Live now' }).getByRole('link', { name: 'Ann' }).click()
}

async function plays(visit: Visit, name: string): Promise<void> {
  const { page } = visit
  await page.getByText('Live', { exact: true }).waitFor()
  const at = () => page.evaluate(() => document.querySelector<HTMLVideoElement>('.live video')?.currentTime ?? 0)
  await page.waitForFunction(() => (document.querySelector<HTMLVideoElement>('.live video')?.readyState ?? 0) >= 3)
  const before = await at()
  await page.waitForFunction(
    (before) => (document.querySelector<HTMLVideoElement>('.live video')?.currentTime ?? 0) > before + 2,
    before,
  )
  await picture(visit, name)
}

async function joins(bob: Visit, guest: Visit): Promise<void> {
  await guest.page.goto(new URL(bob.page.url()).pathname)
  await plays(guest, 'phone-live')
  assert.ok((await widthBeyond(guest)) <= 0, 'the page is too wide')
}

async function goesOn({ page }: Visit): Promise<void> {
  const playlist = await page.waitForResponse(async (answer) => {
    return answer.url().includes('live.m3u8') && (await answer.text()).includes('#EXT-X-DISCONTINUITY')
  })
  assert.equal(playlist.status(), 200)
  const at = await page.evaluate(() => document.querySelector<HTMLVideoElement>('.live video')?.currentTime ?? 0)
  await page.waitForFunction((at) => (document.querySelector<HTMLVideoElement>('.live video')?.currentTime ?? 0) > at + 6, at)
}

async function ends(encoder: ChildProcess, bob: Visit): Promise<void> {
  const ended = once(encoder, 'exit')
  encoder.kill('SIGINT')
  await ended
  await bob.page.getByText('Ann has stopped').waitFor()
  await bob.page.goto('/')
  await bob.page.getByRole('link', { name: 'Kites over the bay' }).waitFor()
  assert.equal(await bob.page.getByRole('list', { name: 'Live now' }).count(), 0)
}
