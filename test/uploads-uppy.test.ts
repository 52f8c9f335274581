import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { Browser, CDPSession, Page } from 'playwright-core'
import { tapri } from 'tapri'
import { file, model, pick } from 'tapri/data'
import { testApp } from 'tapri/test'
import { build } from 'vite'
import { findChromium, openChromium } from '../examples/videotube/test/browser/chromium.ts'
import { film, sha256 } from './uploads.fixture.ts'

const chromium = findChromium()
const missing = 'there is no Chromium here: apt-get install chromium, or name one in CHROMIUM_PATH'
const skip = chromium === undefined && process.env.CI !== 'true' && missing

const films = model({ source: file({ accept: 'video/*', maxSize: '64mb' }) })
const { app, controller, policy, visitor } = tapri({ models: { films } })
const bytes = film(6_000_000)

/** An app with the page of `uppy-page/`, built. */
async function openPage(context: TestContext, browser: Browser) {
  const outDir = await mkdtemp(join(tmpdir(), 'tapri-uppy-'))
  context.after(() => rm(outDir, { recursive: true, force: true }))
  const root = join(import.meta.dirname, 'uppy-page')
  await build({ root, logLevel: 'error', configFile: false, build: { outDir: join(outDir, 'page'), emptyOutDir: true } })
  const path = join(outDir, 'kites.mp4')
  await writeFile(path, bytes)
  const create = visitor.post('/', { body: pick(films, 'source') }, ({ db, body }) => db.films.create(body))
  const server = await testApp(
    app({
      controllers: { films: controller('/films', { create }) },
      folders: { '/': { from: join(outDir, 'page') } },
      policies: [policy('films', { read: () => true, create: () => true })],
    }),
  )
  context.after(() => server[Symbol.asyncDispose]())
  const page = await browser.newPage()
  page.setDefaultTimeout(30_000)
  /** Where each piece that was sent begins. */
  const offsets: number[] = []
  page.on('request', (request) => {
    if (request.method() === 'PATCH') offsets.push(Number(request.headers()['upload-offset']))
  })
  await page.goto(new URL('/', server.url).href)
  return { page, path, offsets, origin: new URL(server.url).origin }
}

/** A line on which the film takes twenty seconds: whoever looks at it, looks in time. */
async function slowLine(page: Page): Promise<CDPSession> {
  const line = await page.context().newCDPSession(page)
  await line.send('Network.emulateNetworkConditions', { ...slow, uploadThroughput: 300_000 })
  return line
}
const slow = { offline: false, latency: 5, downloadThroughput: -1 }

function choose(page: Page, path: string): Promise<void> {
  return page.setInputFiles('input', path)
}

function sent(page: Page, part: number): Promise<unknown> {
  return page.waitForFunction((part) => (document.querySelector('progress')?.value ?? 0) > part, part)
}

async function arrives(page: Page, origin: string): Promise<void> {
  await page.waitForFunction(() => (document.querySelector('output')?.value ?? '') !== '')
  const url = await page.locator('output').textContent()
  const got = await fetch(new URL(url ?? '', origin))
  assert.deepEqual([got.status, got.headers.get('content-type'), sha256(await got.bytes())], [200, 'video/mp4', sha256(bytes)])
}

test('Uppy sends a film from a browser, whatever happens to it on the way', { skip, timeout: 300_000 }, async (context) => {
  assert.ok(chromium, missing)
  await using browser = await openChromium(chromium)

  await context.test('in pieces', async (context) => {
    const { page, path, offsets, origin } = await openPage(context, browser)
    await choose(page, path)
    await arrives(page, origin)
    assert.deepEqual(offsets.slice(0, 3), [0, 524_288, 1_048_576])
  })

  await context.test('paused and resumed', async (context) => {
    const { page, path, offsets, origin } = await openPage(context, browser)
    const line = await slowLine(page)
    await choose(page, path)
    await sent(page, 0.3)
    await page.click('#pause')
    const before = offsets.length
    await line.send('Network.emulateNetworkConditions', { ...slow, uploadThroughput: -1 })
    await page.click('#resume')
    await arrives(page, origin)
    assert.ok((offsets[before] ?? 0) >= 1_048_576, String(offsets))
  })

  await context.test('over a line that is lost and comes back', async (context) => {
    const { page, path, origin } = await openPage(context, browser)
    const line = await slowLine(page)
    await choose(page, path)
    await sent(page, 0.2)
    await line.send('Network.emulateNetworkConditions', { ...slow, offline: true, uploadThroughput: 0 })
    await page.waitForFunction(() => !navigator.onLine)
    await line.send('Network.emulateNetworkConditions', { ...slow, uploadThroughput: -1 })
    await arrives(page, origin)
  })

  await context.test('by a page that is loaded anew and given the file again', async (context) => {
    const { page, path, offsets, origin } = await openPage(context, browser)
    const line = await slowLine(page)
    await choose(page, path)
    await sent(page, 0.4)
    await page.reload()
    await line.send('Network.emulateNetworkConditions', { ...slow, uploadThroughput: -1 })
    const before = offsets.length
    await choose(page, path)
    await arrives(page, origin)
    assert.ok((offsets[before] ?? 0) >= 1_048_576, String(offsets))
  })
})
