import assert from 'node:assert/strict'
import { test } from 'node:test'
import { client } from 'tapri/client'
import type app from '../src/app.ts'
import { findChromium, openChromium } from './browser/chromium.ts'
import { withoutFfmpeg } from './browser/ffmpeg.ts'
import { openPage, picture, type Visit, widthBeyond } from './browser/page.ts'
import { type Server, startServer } from './browser/server.ts'
import { realClip } from './club.ts'

const chromium = findChromium()
const missing = 'there is no Chromium here: apt-get install chromium, or name one in CHROMIUM_PATH'
// where everything is required, what is missing is a failure
const skip = process.env.CI !== 'true' && (chromium === undefined ? missing : withoutFfmpeg)

test('the first page is live, and moves nothing under the hand of who reads it', { skip, timeout: 600_000 }, async (context) => {
  assert.ok(chromium, missing)
  await using server = await startServer()
  await using browser = await openChromium(chromium)
  const ann = await join(server)
  const guest = await openPage(browser, server.url)
  const phone = await openPage(browser, server.url, { viewport: { width: 360, height: 780 }, colorScheme: 'dark' })

  await context.test('new videos wait until they are asked for', () => waits(guest, phone, ann))
  await context.test('on a phone too', () => fits(phone))
  await context.test('a card gets its picture by itself when that is made', () => brews(guest))
  await context.test('what is renamed or hidden is so here too', () => changes(guest, ann))
  await context.test('nothing went wrong in the pages', () => {
    for (const { complaints } of [guest, phone]) assert.deepEqual(complaints, [])
  })
})

type Person = ReturnType<typeof client<typeof app>>

/** Ann, who is a program. */
async function join({ url }: Server): Promise<Person> {
  const account = { email: 'ann@club.test', password: 'a kite, a string and the wind' }
  await client<typeof app>(`${url}/api`).auth.signUp({ name: 'Ann', ...account })
  const { token } = await client<typeof app>(`${url}/api`).auth.token(account)
  return client<typeof app>(`${url}/api`, { token })
}

async function publish(ann: Person, title: string): Promise<void> {
  await ann.videos.create({ title, published: true, source: await realClip() })
}

const titles = ({ page }: Visit) => page.locator('.grid .card h3').allTextContents()

async function waits(guest: Visit, phone: Visit, ann: Person): Promise<void> {
  const { page } = guest
  for (const visit of [guest, phone]) {
    await visit.page.goto('/')
    await visit.page.getByRole('link', { name: 'Kites over the bay' }).waitFor()
  }
  const before = await titles(guest)
  const place = await page.locator('.grid').boundingBox()
  await publish(ann, 'Kites in the morning')
  await page.getByRole('button', { name: '1 new video', exact: true }).waitFor()
  await publish(ann, 'Kites at noon')
  await page.getByRole('button', { name: '2 new videos' }).waitFor()
  assert.deepEqual(await titles(guest), before)
  assert.deepEqual(await page.locator('.grid').boundingBox(), place)
  await picture(guest, 'new-videos')
  await page.getByRole('button', { name: '2 new videos' }).click()
  await page.getByRole('link', { name: 'Kites at noon' }).waitFor()
  assert.deepEqual(await titles(guest), ['Kites at noon', 'Kites in the morning', ...before])
  assert.equal(await page.getByRole('button', { name: /new video/ }).count(), 0)
}

async function fits(phone: Visit): Promise<void> {
  await phone.page.evaluate(() => scrollTo(0, 400))
  const pill = phone.page.getByRole('button', { name: '2 new videos' })
  const box = await pill.boundingBox()
  const header = await phone.page.locator('.top').boundingBox()
  assert.ok(box && header && box.y >= header.y + header.height && box.y < 400, JSON.stringify({ box, header }))
  assert.ok((await widthBeyond(phone)) <= 0, 'the list is too wide')
  await picture(phone, 'phone-new-videos')
  await pill.click()
  await phone.page.getByRole('link', { name: 'Kites at noon' }).waitFor()
  assert.equal(await phone.page.evaluate(() => scrollY), 0)
}

async function brews({ page }: Visit): Promise<void> {
  const card = page.locator('.card', { hasText: 'Kites at noon' })
  await card.locator('.thumbnail img').waitFor({ timeout: 60_000 })
  await card.getByText(/Brewing/).waitFor({ state: 'detached', timeout: 60_000 })
}

async function changes(guest: Visit, ann: Person): Promise<void> {
  const [noon, morning] = await ann.videos.mine()
  assert.ok(noon && morning)
  await ann.videos.update({ id: noon.id, title: 'Kites at one' })
  await guest.page.getByRole('link', { name: 'Kites at one' }).waitFor()
  await ann.videos.update({ id: morning.id, published: false })
  await guest.page.getByRole('link', { name: 'Kites in the morning' }).waitFor({ state: 'detached' })
}
