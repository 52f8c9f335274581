import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { createElement } from 'react'
import { renderToString } from 'react-dom/server'
import { client, closeClient } from 'tapri/client'
import { useLive } from 'tapri/react'
import { testApp } from 'tapri/test'
import { build } from 'vite'
import { findChromium, openChromium } from '../examples/videotube/test/browser/chromium.ts'
import app, { notesApp } from './notes.fixture.ts'

const chromium = findChromium()
const missing = 'there is no Chromium here: apt-get install chromium, or name one in CHROMIUM_PATH'
const skip = chromium === undefined && process.env.CI !== 'true' && missing

test('on a server a component is rendered with what is known, and follows nothing', async (t) => {
  await using server = await testApp(app)
  const api = client<typeof app>(server.url)
  t.after(() => closeClient(api))
  await server.db.notes.create({ text: 'a', board: 'plans' })
  using notes = api.notes.list.live({ board: 'plans' })
  await notes.ready
  function Known() {
    const known = useLive(notes)
    const unknown = useLive(api.notes.list, { board: 'other' })
    return createElement('p', null, `${known.value?.join()} ${unknown.isReady}`)
  }
  assert.equal(renderToString(createElement(Known)), '<p>a false</p>')
})

/** The page of `react-page/`, built. */
async function built(t: TestContext): Promise<string> {
  const outDir = await mkdtemp(join(tmpdir(), 'tapri-react-'))
  t.after(() => rm(outDir, { recursive: true, force: true }))
  await build({
    root: join(import.meta.dirname, 'react-page'),
    logLevel: 'error',
    configFile: false,
    // the development build of React mounts everything twice in its strict mode
    mode: 'development',
    define: { 'process.env.NODE_ENV': '"development"' },
    build: { outDir, emptyOutDir: true },
  })
  return outDir
}

test('a component in strict mode follows its route, changes its input, and shows a write at once', { skip }, async (t) => {
  assert.ok(chromium, missing)
  const from = await built(t)
  await using server = await testApp(notesApp({ '/': { from } }))
  const browser = await openChromium(chromium)
  t.after(() => browser.close())
  const page = await browser.newPage()
  page.setDefaultTimeout(60_000)
  const errors: string[] = []
  page.on('pageerror', (error) => errors.push(error.message))
  await server.db.notes.create({ text: 'a', board: 'plans' })
  await page.goto(new URL('/', server.url).href)
  const shows = (text: string) => page.locator('output', { hasText: new RegExp(`^${text}$`) }).waitFor()
  await shows('plans: a')
  await page.locator('p', { hasText: 'Not for you' }).waitFor()
  await server.db.notes.create({ text: 'b', board: 'plans' })
  await shows('plans: a,b')

  const release = Promise.withResolvers<void>()
  await page.route('**/api/notes', async (route) => {
    await release.promise
    await route.continue()
  })
  await page.getByRole('button', { name: 'Write' }).click()
  await shows('plans: a,b,kites…')
  release.resolve()
  await shows('plans: a,b,kites')

  await page.getByRole('button', { name: 'Other' }).click()
  await shows('other: ')
  await server.db.notes.create({ text: 'c', board: 'other' })
  await shows('other: c')
  assert.deepEqual(errors, [])
})
