import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findChromium, openChromium } from './browser/chromium.ts'
import { openPage, picture } from './browser/page.ts'
import { openClub } from './club.ts'

const chromium = findChromium()
const missing = 'there is no Chromium here: apt-get install chromium, or name one in CHROMIUM_PATH'
const skip = chromium === undefined && process.env.CI !== 'true' && missing

test('the reference page shows every route of VideoTube and asks one, from the app alone', {
  skip,
  timeout: 60_000,
}, async () => {
  assert.ok(chromium, missing)
  await using club = await openClub()
  const { origin } = new URL(club.url)
  await using browser = await openChromium(chromium)
  const guest = await openPage(browser, origin)
  const { page, answers, complaints } = guest
  await page.goto('/reference')
  await page.getByText('Published videos, newest first').first().waitFor()

  const document: any = await (await fetch(new URL('/openapi.json', origin))).json()
  for (const [path, methods] of Object.entries<any>(document.paths)) {
    for (const [method, { summary = `${method.toUpperCase()} ${path}` }] of Object.entries<any>(methods)) {
      await page.getByText(summary, { exact: true }).first().waitFor({ state: 'attached' })
    }
  }
  await page.getByText('Published videos, newest first').first().click()
  await page.getByRole('button', { name: 'Execute' }).click()
  await page.getByText('Kites over the bay').first().waitFor()
  await picture(guest, 'reference')

  assert.deepEqual(complaints, [])
  assert.ok(answers.some(({ url, status }) => url === `${club.url}/videos` && status === 200))
  assert.ok(
    answers.every(({ url }) => url.startsWith(origin)),
    JSON.stringify(answers),
  )
})
