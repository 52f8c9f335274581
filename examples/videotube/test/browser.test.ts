import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { findChromium, openChromium } from './browser/chromium.ts'
import { openPage, picture, signUp, type Visit, widthBeyond } from './browser/page.ts'
import { startServer } from './browser/server.ts'
import { clipPath } from './club.ts'

const chromium = findChromium()
const missing = 'there is no Chromium here: apt-get install chromium, or name one in CHROMIUM_PATH'
// where everything is required, a missing browser is a failure
const skip = chromium === undefined && process.env.CI !== 'true' && missing

test('VideoTube works in a browser, from signing up to live comments', { skip, timeout: 600_000 }, async (context) => {
  assert.ok(chromium, missing)
  await using server = await startServer()
  await using browser = await openChromium(chromium)
  const ann = await openPage(browser, server.url)
  const guest = await openPage(browser, server.url)
  const cem = await openPage(browser, server.url)

  await context.test('a visitor sees the sample videos', () => seesSamples(guest))
  await context.test('signing up leads to a signed-in page', () => signUp(ann, 'Ann'))
  const studio = await ann.page.context().newPage()
  await context.test('an upload shows its progress, in another tab too, and leads to the video', () => uploads(ann, studio))
  await context.test('the video plays and seeks by range', () => playsAndSeeks(ann))
  await context.test('a comment is seen live in another browser', () => commentsLive(ann, guest))
  await context.test('a like is counted live in another browser', () => likesLive(ann, guest))
  await context.test('a new video of a followed channel pops up live', () => notifiesLive(ann, cem))
  await context.test('search finds by a part of the title', () => searches(guest))
  await context.test('its owner hides and deletes a video in the studio', () => worksInStudio(ann, guest))
  await context.test('signing out and in as somebody else shows their things, on the same page', () => entersAsCem(ann))
  await context.test('nothing went wrong in any of the pages', () => {
    for (const { complaints } of [ann, guest, cem]) assert.deepEqual(complaints, [])
  })
  for (const colorScheme of ['light', 'dark'] as const) {
    const phone = await openPage(browser, server.url, { viewport: { width: 360, height: 780 }, colorScheme })
    await context.test(`every page fits a phone, ${colorScheme}`, () => fitsPhone(phone, colorScheme))
    await context.test(`words without end fit a phone, ${colorScheme}`, () => fitsLongWords(cem, phone))
  }
  await context.test('the theme that was chosen is remembered', () => remembersTheme(ann))
})

async function seesSamples(guest: Visit): Promise<void> {
  await guest.page.goto('/')
  await guest.page.getByRole('link', { name: 'Kites over the bay' }).waitFor()
  await picture(guest, 'list')
}

async function uploads(ann: Visit, studio: Page): Promise<void> {
  const { page } = ann
  await studio.goto('/studio')
  await studio.getByText('An empty shelf').waitFor()
  await page.getByRole('link', { name: 'Upload a video' }).first().click()
  await page.setInputFiles('input[type=file]', clipPath)
  await page.getByLabel('Title').fill('Kites from the roof')
  await page.getByLabel('Description').fill('Filmed on a Sunday.')
  // a slow line, so that there is something to see
  const line = await page.context().newCDPSession(page)
  const slow = { offline: false, latency: 20, downloadThroughput: -1, uploadThroughput: 50_000 }
  await line.send('Network.emulateNetworkConditions', slow)
  await page.getByRole('button', { name: 'Upload', exact: true }).click()
  await page.waitForFunction(() => (document.querySelector('progress')?.position ?? 0) > 0.3)
  // and one that takes for ever while it is looked at
  await line.send('Network.emulateNetworkConditions', { ...slow, uploadThroughput: 2_000 })
  assert.match(String(await page.locator('.upload-progress').textContent()), /Uploading, \d+%[\d.]+ kB of 263 kB/)
  const row = studio.locator('.studio-row', { hasText: 'Kites from the roof' })
  await row.getByText('On its way').waitFor()
  await picture({ ...ann, page: studio }, 'studio-uploading')
  await row.getByRole('link', { name: 'Kites from the roof' }).click()
  await studio.getByText('still on its way').waitFor()
  await picture(ann, 'upload')
  await line.send('Network.emulateNetworkConditions', { ...slow, latency: 0, uploadThroughput: -1 })
  await page.waitForURL('**/watch/*')
  await page.getByRole('heading', { name: 'Kites from the roof' }).waitFor()
  await studio.locator('.player video').waitFor()
  await studio.close()
}

async function playsAndSeeks(ann: Visit): Promise<void> {
  const video = ann.page.locator('.player video')
  await video.focus()
  await ann.page.keyboard.press('Space')
  await ann.page.waitForFunction(() => (document.querySelector<HTMLVideoElement>('.player video')?.currentTime ?? 0) > 0.3)
  const after = await video.evaluate(async (element: HTMLVideoElement) => {
    const seeked = new Promise((done) => element.addEventListener('seeked', done, { once: true }))
    element.currentTime = 6
    await seeked
    return element.currentTime
  })
  assert.ok(after >= 6)
  await ann.page.waitForFunction(() => (document.querySelector<HTMLVideoElement>('.player video')?.currentTime ?? 0) > 6.3)
  assert.ok(ann.answers.some(({ url, status }) => url.includes('/api/files/') && status === 206))
  await video.evaluate((element: HTMLVideoElement) => element.pause())
  await ann.page.getByText('1 view ·').first().waitFor()
}

async function commentsLive(ann: Visit, guest: Visit): Promise<void> {
  await guest.page.goto(ann.page.url())
  await guest.page.getByText('Nobody has said anything yet').waitFor()
  await ann.page.getByLabel('Add a comment').fill('Look at the red one!')
  await ann.page.getByRole('button', { name: 'Comment', exact: true }).click()
  await guest.page.locator('.comment', { hasText: 'Look at the red one!' }).waitFor()
  await ann.page.getByRole('button', { name: 'Edit your comment' }).click()
  await ann.page.getByLabel('Edit your comment').last().fill('Look at the yellow one!')
  await ann.page.getByRole('button', { name: 'Save' }).click()
  await guest.page.locator('.comment', { hasText: 'Look at the yellow one!' }).waitFor()
  assert.equal(await guest.page.getByRole('button', { name: 'Edit your comment' }).count(), 0)
}

async function likesLive(ann: Visit, guest: Visit): Promise<void> {
  await ann.page.getByRole('button', { name: '0 likes' }).click()
  await guest.page.getByRole('button', { name: '1 like' }).waitFor()
  await picture(ann, 'watch')
}

async function notifiesLive(ann: Visit, cem: Visit): Promise<void> {
  await signUp(cem, 'Cem')
  await cem.page.goto(ann.page.url())
  await cem.page.getByRole('button', { name: 'Follow' }).click()
  await cem.page.getByRole('button', { name: 'Following' }).waitFor()
  await ann.page.getByRole('link', { name: 'Upload a video' }).first().click()
  await ann.page.setInputFiles('input[type=file]', clipPath)
  await ann.page.getByLabel('Title').fill('Kites in the rain')
  await ann.page.getByRole('button', { name: 'Upload', exact: true }).click()
  await cem.page.getByRole('link', { name: 'Ann published “Kites in the rain”' }).waitFor()
  await cem.page.getByRole('button', { name: 'Notifications, 1 new' }).click()
  await picture(cem, 'notified')
  await cem.page.getByRole('button', { name: 'Notifications, 0 new' }).waitFor()
}

async function searches({ page }: Visit): Promise<void> {
  await page.getByRole('searchbox').fill('from the roof')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'Videos with “from the roof”' }).waitFor()
  await page.locator('.grid .card').waitFor()
  assert.equal(await page.locator('.grid .card').count(), 1)
}

async function worksInStudio(ann: Visit, guest: Visit): Promise<void> {
  await ann.page.getByRole('button', { name: 'Your account', exact: true }).click()
  await ann.page.getByRole('link', { name: 'Studio' }).click()
  const row = ann.page.locator('.studio-row', { hasText: 'Kites from the roof' })
  await row.getByRole('switch').click()
  await row.getByText('Hidden').waitFor()
  await picture(ann, 'studio')
  await guest.page.goto('/?q=from+the+roof')
  await guest.page.getByRole('heading', { name: 'Nothing found' }).waitFor()
  await row.getByRole('button', { name: /^Delete/ }).click()
  await ann.page.getByRole('button', { name: 'Delete for good' }).click()
  await row.waitFor({ state: 'detached' })
}

async function entersAsCem({ page }: Visit): Promise<void> {
  const loaded = await page.evaluate(() => performance.timeOrigin)
  await page.getByRole('button', { name: 'Your account', exact: true }).click()
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByRole('link', { name: 'Sign in' }).click()
  await page.getByLabel('E-mail').fill('cem@club.test')
  await page.getByLabel('Password').fill('a kite, a string and the wind')
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.getByRole('button', { name: 'Notifications, 0 new' }).click()
  await page.locator('.panel', { hasText: 'Ann published “Kites in the rain”' }).waitFor()
  await page.getByRole('button', { name: 'Your account', exact: true }).click()
  await page.getByText('cem@club.test').waitFor()
  await page.keyboard.press('Escape')
  assert.equal(await page.evaluate(() => performance.timeOrigin), loaded)
}

async function fitsLongWords(cem: Visit, phone: Visit): Promise<void> {
  const word = 'x'.repeat(110)
  await cem.page.goto('/upload')
  await cem.page.setInputFiles('input[type=file]', clipPath)
  await cem.page.getByLabel('Title').fill(word)
  await cem.page.getByLabel('Description').fill(word)
  await cem.page.getByRole('button', { name: 'Upload', exact: true }).click()
  await cem.page.waitForURL('**/watch/*')
  await cem.page.getByLabel('Add a comment').fill(word)
  await cem.page.getByRole('button', { name: 'Comment', exact: true }).click()
  await phone.page.goto(cem.page.url())
  await phone.page.locator('.comment').waitFor()
  assert.ok((await widthBeyond(phone)) <= 0, 'the watch page is too wide')
  await phone.page.goto('/')
  await phone.page.locator('.card', { hasText: word }).first().waitFor()
  assert.ok((await widthBeyond(phone)) <= 0, 'the list is too wide')
}

async function fitsPhone(phone: Visit, colorScheme: string): Promise<void> {
  await phone.page.goto('/')
  await phone.page.getByRole('link', { name: 'Kites over the bay' }).click()
  await phone.page.getByText('I could watch this all day').waitFor()
  await picture(phone, `phone-${colorScheme}`)
  for (const path of ['/', '/sign-in', '/sign-up', '/upload', '/nowhere']) {
    await phone.page.goto(path)
    await phone.page.locator('h1').waitFor()
    const tooWide = await widthBeyond(phone)
    assert.ok(tooWide <= 0, `${path} is ${tooWide} pixels too wide`)
  }
}

async function remembersTheme(ann: Visit): Promise<void> {
  await ann.page.goto('/')
  await ann.page.getByRole('button', { name: 'Use the dark colours' }).click()
  await ann.page.reload()
  await ann.page.getByRole('button', { name: 'Use the light colours' }).waitFor()
  assert.equal(await ann.page.evaluate(() => getComputedStyle(document.documentElement).colorScheme), 'dark')
  await ann.page.getByRole('link', { name: 'Kites over the bay' }).waitFor()
  await picture(ann, 'dark')
}
