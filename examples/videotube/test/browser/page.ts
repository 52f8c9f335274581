import { mkdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'

const pictures = fileURLToPath(new URL('../../../../test-results/', import.meta.url))

/** A page in a context of its own, with what it has asked for and what it has complained about. */
export interface Visit {
  readonly page: Page
  readonly url: string
  readonly answers: { readonly url: string; readonly status: number }[]
  readonly complaints: string[]
}

export async function openPage(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Visit> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, baseURL: url, ...options })
  const page = await context.newPage()
  page.setDefaultTimeout(60_000)
  const visit: Visit = { page, url, answers: [], complaints: [] }
  page.on('response', (answer) => visit.answers.push({ url: answer.url(), status: answer.status() }))
  page.on('pageerror', (error) => visit.complaints.push(error.message))
  page.on('console', (message) => {
    if (message.type() === 'error') visit.complaints.push(message.text())
  })
  return visit
}

/** Keeps a picture in `test-results/`, for people to look at. */
export async function picture({ page }: Visit, name: string): Promise<void> {
  await mkdir(pictures, { recursive: true })
  // a thumbnail is a video: give each its first frame
  await page.waitForFunction(() => [...document.querySelectorAll('video')].every((video) => video.readyState >= 2 || video.error))
  await page.evaluate(() => scrollTo(0, 0))
  await page.screenshot({ path: `${pictures}videotube-${name}.png`, animations: 'disabled' })
}

/** Signs up and waits for the signed-in page. */
export async function signUp({ page }: Visit, name: string): Promise<void> {
  await page.goto('/sign-up')
  await page.getByLabel('Name').fill(name)
  await page.getByLabel('E-mail').fill(`${name.toLowerCase()}@club.test`)
  await page.getByLabel('Password').fill('a kite, a string and the wind')
  await page.getByRole('button', { name: 'Join' }).click()
  await page.getByRole('button', { name: 'Your account', exact: true }).waitFor()
}

/** How many pixels the page is wider than the screen. */
export function widthBeyond({ page }: Visit): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
}
