import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { appendFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { findChromium, openChromium } from './browser/chromium.ts'
import { withoutFfmpeg } from './browser/ffmpeg.ts'
import { openPage, picture, signUp, type Visit, widthBeyond } from './browser/page.ts'
import { startServer } from './browser/server.ts'
import { clipPath } from './club.ts'

const run = promisify(execFile)
const chromium = findChromium()
const missing = 'there is no Chromium here: apt-get install chromium, or name one in CHROMIUM_PATH'
// where everything is required, what is missing is a failure
const skip = process.env.CI !== 'true' && (chromium === undefined ? missing : withoutFfmpeg)

test('a film is uploaded through pauses and reloads, made ready while one looks, and played as it suits the line', {
  skip,
  timeout: 600_000,
}, async (context) => {
  assert.ok(chromium, missing)
  await using clip = await longClip()
  await using server = await startServer()
  await using browser = await openChromium(chromium)
  const ann = await openPage(browser, server.url)
  await signUp(ann, 'Ann')

  await context.test('an upload pauses and goes on', () => pauses(ann, clip.path))
  await context.test('after the page was loaded again it goes on where it stopped', () => goesOn(ann, clip.path))
  await context.test('it is made ready while one looks, and plays from the stream in the quality that is chosen', () =>
    plays(ann),
  )
  await context.test('lists show posters', () => showsPosters(ann))
  const bea = await openPage(browser, server.url, { viewport: { width: 360, height: 780 }, colorScheme: 'dark' })
  await context.test('on a phone it fits, and leaves nothing when it is cancelled', () => cancels(bea, ann, clip.path))
  const cem = await openPage(browser, server.url)
  await context.test('what is no film is refused in a sentence, and leaves nothing', () => refuses(cem))
  await context.test('nothing went wrong in the pages', () => {
    for (const { complaints } of [ann, bea]) assert.deepEqual(complaints, [])
  })
})

async function pauses(ann: Visit, path: string): Promise<void> {
  const { page } = ann
  await slowLine(ann, 800_000)
  await page.goto('/upload')
  await page.setInputFiles('input[type=file]', path)
  await page.getByLabel('Title').fill('Kites from the roof')
  await page.getByRole('button', { name: 'Upload', exact: true }).click()
  await page.waitForFunction(() => (document.querySelector('progress')?.position ?? 0) > 0.2)
  await page.getByRole('button', { name: 'Pause' }).click()
  await page.getByText(/^Paused, \d+%$/).waitFor()
  await picture(ann, 'upload-paused')
  await uploadsApart(ann, path)
  await page.getByRole('button', { name: 'Go on' }).click()
  await page.waitForFunction(() => (document.querySelector('progress')?.position ?? 0) > 0.4)
}

/** Another tab does not take the upload away that is in hand in this one. */
async function uploadsApart(ann: Visit, path: string): Promise<void> {
  const other = await ann.page.context().newPage()
  // slow enough to be cancelled, whoever is at work besides
  await slowLine({ ...ann, page: other }, 20_000)
  await other.goto('/upload')
  await other.setInputFiles('input[type=file]', path)
  const begun = other.waitForResponse((answer) => answer.url().endsWith('/api/uploads'))
  await other.getByRole('button', { name: 'Upload', exact: true }).click()
  assert.equal((await begun).status(), 201)
  await other.getByRole('button', { name: 'Cancel' }).click()
  await other.waitForURL((url) => url.search === '')
  await other.close()
}

async function goesOn(ann: Visit, path: string): Promise<void> {
  const { page, answers } = ann
  await page.reload()
  await page.getByText('choose its file again').waitFor()
  await picture(ann, 'upload-again')
  await page.setInputFiles('input[type=file]', path)
  assert.equal(await page.getByLabel('Title').inputValue(), 'Kites from the roof')
  await page.getByRole('button', { name: 'Upload', exact: true }).click()
  await page.waitForFunction(() => (document.querySelector('progress')?.position ?? 0) > 0.2)
  await slowLine(ann, -1)
  await page.waitForURL('**/watch/*')
  const begun = answers.filter(({ url, status }) => url.endsWith('/api/uploads') && status === 201)
  assert.equal(begun.length, 1)
}

async function plays(ann: Visit): Promise<void> {
  const { page } = ann
  const player = page.locator('.player video')
  await player.waitFor()
  assert.match(await player.evaluate((element: HTMLVideoElement) => element.src), /\/api\/files\/videos\//)
  await page.getByText(/Brewing every size of it/).waitFor()
  await page.getByText(/Brewing every size of it, [1-9]/).waitFor({ timeout: 60_000 })
  await picture(ann, 'brewing')
  await page.getByText(/Brewing every size of it/).waitFor({ state: 'detached', timeout: 60_000 })
  await page.waitForFunction(() => document.querySelector<HTMLVideoElement>('.player video')?.src.startsWith('blob:'))
  const quality = page.getByLabel('Quality')
  await player.hover()
  await quality.waitFor()
  const heights = await quality.locator('option').allTextContents()
  assert.deepEqual(heights.slice(0, 1), ['Auto'])
  assert.ok(heights.length >= 3, heights.join())
  await quality.selectOption({ label: heights.at(-1) ?? '' })
  await player.evaluate((element: HTMLVideoElement) => {
    element.muted = true
    return element.play()
  })
  const height = Number(heights.at(-1)?.replace('p', ''))
  await page.waitForFunction(
    (height) => document.querySelector<HTMLVideoElement>('.player video')?.videoHeight === height,
    height,
  )
  await page.waitForFunction(() => (document.querySelector<HTMLVideoElement>('.player video')?.currentTime ?? 0) > 1)
  await player.evaluate((element: HTMLVideoElement) => element.pause())
  await picture(ann, 'quality')
  assert.ok((await colours(ann)) > 20, 'the frame that is shown is a picture')
}

async function showsPosters(ann: Visit): Promise<void> {
  const { page } = ann
  await page.goto('/')
  const poster = page.locator('.card', { hasText: 'Kites from the roof' }).first().locator('.thumbnail img')
  await poster.waitFor()
  await poster.evaluate((image: HTMLImageElement) => image.decode())
  assert.ok((await poster.evaluate((image: HTMLImageElement) => image.naturalWidth)) > 100)
  await picture(ann, 'posters')
}

async function cancels(bea: Visit, ann: Visit, path: string): Promise<void> {
  const { page } = bea
  await page.goto(new URL(await filmOf(ann), bea.url).pathname)
  await page.locator('.player video').waitFor()
  assert.ok((await widthBeyond(bea)) <= 0, 'the watch page is too wide')
  await picture(bea, 'phone-quality')
  await signUp(bea, 'Bea')
  await slowLine(bea, 800_000)
  await page.goto('/upload')
  const dropped = await page.evaluateHandle(() => {
    const data = new DataTransfer()
    data.items.add(new File(['kites'], 'dropped.mp4', { type: 'video/mp4' }))
    return data
  })
  await page.dispatchEvent('.drop', 'drop', { dataTransfer: dropped })
  await page.getByText('dropped.mp4').waitFor()
  await page.setInputFiles('input[type=file]', path)
  await page.getByRole('button', { name: 'Upload', exact: true }).click()
  await page.waitForFunction(() => (document.querySelector('progress')?.position ?? 0) > 0.1)
  assert.ok((await widthBeyond(bea)) <= 0, 'the upload page is too wide')
  await picture(bea, 'phone-uploading')
  await page.goto('/studio')
  await page.getByRole('link', { name: 'Go on with the upload' }).waitFor()
  assert.ok((await widthBeyond(bea)) <= 0, 'the studio is too wide')
  await picture(bea, 'phone-studio')
  await page.getByRole('link', { name: 'Go on with the upload' }).click()
  await page.setInputFiles('input[type=file]', path)
  await page.getByRole('button', { name: 'Upload', exact: true }).click()
  await page.getByRole('button', { name: 'Cancel' }).click()
  await page.waitForURL((url) => url.search === '')
  await page.goto('/studio')
  await page.getByText('An empty shelf').waitFor()
}

async function refuses(cem: Visit): Promise<void> {
  const { page } = cem
  await signUp(cem, 'Cem')
  await page.goto('/upload')
  await page.setInputFiles('input[type=file]', { name: 'kites.mp4', mimeType: 'video/mp4', buffer: Buffer.from('<html>kites') })
  await page.getByRole('button', { name: 'Upload', exact: true }).click()
  await page.getByRole('alert').getByText('Cannot accept "kites.mp4"').waitFor()
  await page.waitForURL((url) => url.search === '')
  await picture(cem, 'refused')
  await page.goto('/studio')
  await page.getByText('An empty shelf').waitFor()
}

async function filmOf({ page }: Visit): Promise<string> {
  await page.goto('/')
  return (await page.getByRole('link', { name: 'Kites from the roof' }).getAttribute('href')) ?? ''
}

/** How many colours the frame has that the player shows. */
function colours({ page }: Visit): Promise<number> {
  return page.locator('.player video').evaluate((video: HTMLVideoElement) => {
    const canvas = document.createElement('canvas')
    const pen = canvas.getContext('2d')
    pen?.drawImage(video, 0, 0, 64, 36)
    const { data = [] } = pen?.getImageData(0, 0, 64, 36) ?? {}
    return new Set(Array.from({ length: 64 * 36 }, (_, dot) => data.slice(dot * 4, dot * 4 + 3).join())).size
  })
}

/** A line that carries so many bytes a second to the server; -1 for all it can. */
async function slowLine({ page }: Visit, uploadThroughput: number): Promise<void> {
  const line = await page.context().newCDPSession(page)
  await line.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput })
}

/** The sample clip in a finer picture, with so much ballast behind it that its upload takes a while. */
async function longClip() {
  const folder = await mkdtemp(join(tmpdir(), 'videotube-clip-'))
  const path = join(folder, 'kites_from-the-roof.mp4')
  const finer = ['-vf', 'scale=1280:720', '-preset', 'ultrafast', '-c:a', 'copy']
  await run('ffmpeg', ['-v', 'error', '-i', clipPath, ...finer, path])
  const ballast = Buffer.alloc(3_000_000)
  ballast.writeUInt32BE(ballast.length)
  // ISO/IEC 14496-12: players skip a box of this name
  ballast.write('free', 4)
  await appendFile(path, ballast)
  return { path, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) }
}
