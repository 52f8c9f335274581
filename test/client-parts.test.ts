import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { stripTypeScriptTypes } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { Page as Tab } from 'playwright-core'
import { testApp } from 'tapri/test'
import { build } from 'vite'
import { findChromium, openChromium } from '../examples/videotube/test/browser/chromium.ts'
import { notesApp } from './notes.fixture.ts'
import type { Page } from './parts-page/page.ts'

declare const page: Page

const chromium = findChromium()
const missing = 'there is no Chromium here: apt-get install chromium, or name one in CHROMIUM_PATH'
const skip = chromium === undefined && process.env.CI !== 'true' && missing
/** What a bundler calls the part that is loaded with the first live answer. */
const livePart = '**/assets/live-part-*.js'
const isLivePart = (path: string) => path.startsWith('/assets/live-part-')

/** Builds the page of `parts-page/` into a folder. */
const bundled =
  (output: { readonly codeSplitting?: false } = {}) =>
  (outDir: string) =>
    build({
      root: join(import.meta.dirname, 'parts-page'),
      logLevel: 'error',
      configFile: false,
      build: { outDir, emptyOutDir: true, rolldownOptions: { output } },
    })

/** Writes a page of modules as they are, without their types. */
async function plain(folder: string): Promise<void> {
  const source = join(import.meta.dirname, '../packages/tapri/src')
  const page = await readFile(join(import.meta.dirname, 'parts-page/page.ts'), 'utf8')
  const clock = 'quick-clock.fixture.ts'
  const modules = new Map([
    ['page.ts', page.replace("'tapri/client'", "'./client/index.ts'").replace(`'../${clock}'`, `'./${clock}'`)],
    [clock, await readFile(join(import.meta.dirname, clock), 'utf8')],
  ])
  for (const room of ['client', 'kit']) {
    for (const file of await readdir(join(source, room), { recursive: true })) {
      const name = join(room, file)
      if (file.endsWith('.ts')) modules.set(name, await readFile(join(source, name), 'utf8'))
    }
  }
  for (const [name, text] of modules) {
    const path = join(folder, name.replace(/ts$/, 'js'))
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, stripTypeScriptTypes(text).replace(/('\.{1,2}\/[^']+\.)ts'/g, "$1js'"))
  }
  const html = '<!doctype html><html lang="en"><title>Parts</title><script type="module" src="/page.js"></script></html>'
  await writeFile(join(folder, 'index.html'), html)
}

/** A page that is made into a folder, served by an app of notes, and open. */
async function open(context: TestContext, make: (folder: string) => Promise<unknown> = bundled()) {
  assert.ok(chromium, missing)
  const outDir = await mkdtemp(join(tmpdir(), 'tapri-parts-'))
  context.after(() => rm(outDir, { recursive: true, force: true }))
  await make(outDir)
  const server = await testApp(notesApp({ '/': { from: outDir } }))
  const browser = await openChromium(chromium)
  context.after(async () => {
    await browser.close()
    await server[Symbol.asyncDispose]()
  })
  const tab = await browser.newPage()
  tab.setDefaultTimeout(60_000)
  const scripts: string[] = []
  tab.on('request', (request) => request.resourceType() === 'script' && scripts.push(new URL(request.url()).pathname))
  await server.db.notes.create({ text: 'a', board: 'plans' })
  await tab.goto(new URL('/', server.url).href)
  await tab.waitForFunction(() => 'page' in globalThis)
  return { server, tab, scripts }
}

/** Fails the first requests for a script, as a network does. */
async function failing(tab: Tab, pattern: string, times: number) {
  const failed = { times: 0 }
  await tab.route(pattern, (route) => (failed.times++ < times ? route.abort('connectionfailed') : route.continue()))
  return failed
}

test('a page that calls loads nothing more, and one that follows loads the rest once', { skip }, async (context) => {
  const { tab, scripts } = await open(context)
  const called = await tab.evaluate(() => page.api.notes.list({ board: 'plans' }))
  assert.deepEqual(called, ['a'])
  assert.equal(scripts.filter(isLivePart).length, 0, scripts.join())
  const followed = await tab.evaluate(async () => {
    const lives = [page.api.notes.list.live({ board: 'plans' }), page.api.notes.list.live({ board: 'other' })]
    return Promise.all(lives.map((live) => live.ready))
  })
  assert.deepEqual(followed, [['a'], []])
  assert.equal(scripts.filter(isLivePart).length, 1, scripts.join())
})

test('what is followed while the part for it cannot be loaded comes when it can', { skip }, async (context) => {
  const { server, tab } = await open(context)
  const failed = await failing(tab, livePart, 3)
  const { seen, written, states } = await tab.evaluate(async () => {
    const seen: (readonly string[])[] = []
    const heard = Promise.withResolvers<void>()
    page.api.notes.list.live({ board: 'plans' }, (rows) => {
      seen.push(rows)
      if (rows.includes('kites')) heard.resolve()
    })
    const stop = page.api.notes.list.live({ board: 'plans' }, () => seen.push(['of one that was left']))
    stop()
    const { number } = await page.api.notes.create.optimistic({ text: 'kites', board: 'plans' }, (show) =>
      show(page.api.notes.list, { board: 'plans' }, (rows) => [...rows, 'kites…']),
    )
    await heard.promise
    return { seen, written: number > 0, states: page.states }
  })
  assert.equal(failed.times, 4)
  assert.equal(written, true)
  assert.deepEqual(seen.at(-1), ['a', 'kites'])
  assert.ok(!seen.flat().includes('of one that was left'))
  assert.deepEqual(states, ['idle', 'connecting', 'offline', 'online'])
  assert.deepEqual(await server.guest.notes.list({ board: 'plans' }), ['a', 'kites'])
})

test('a part that never comes ends what waits for it with a reason; calls go on, and the next one is tried', {
  skip,
}, async (context) => {
  const { tab } = await open(context)
  await failing(tab, livePart, 9)
  const told = await tab.evaluate(async () => {
    const code = (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error)
    const live = page.api.notes.list.live({ board: 'plans' })
    const ready = live.ready.catch(code)
    const write = page.api.notes.create.optimistic({ text: 'never', board: 'plans' }, () => {}).catch(code)
    const codes = [await ready, await write, live.isClosed, code(live.error)]
    const called = await page.api.notes.list({ board: 'plans' })
    const state = page.states.at(-1)
    return { codes, called, state, later: await page.api.notes.list.live({ board: 'plans' }).ready }
  })
  assert.deepEqual(told.codes, ['TAPRI_CLIENT_PART', 'TAPRI_CLIENT_PART', true, 'TAPRI_CLIENT_PART'])
  assert.deepEqual(told.called, ['a'])
  assert.equal(told.state, 'idle')
  assert.deepEqual(told.later, ['a'])
})

test('what is followed without a network is asked for when there is one', { skip }, async (context) => {
  const { tab, scripts } = await open(context)
  await tab.context().setOffline(true)
  const ready = tab.evaluate(() => page.api.notes.list.live({ board: 'plans' }).ready)
  await tab.waitForFunction(() => page.states.at(-1) === 'offline')
  await tab.context().setOffline(false)
  assert.deepEqual(await ready, ['a'])
  assert.equal(scripts.filter(isLivePart).length, 1, scripts.join())
})

test('a page that is built into one file follows too', { skip }, async (context) => {
  const { tab, scripts } = await open(context, bundled({ codeSplitting: false }))
  assert.deepEqual(await tab.evaluate(() => page.api.notes.list.live({ board: 'plans' }).ready), ['a'])
  assert.equal(scripts.length, 1, scripts.join())
})

test('a page without a bundler loads the modules as they are, and the rest when it follows', { skip }, async (context) => {
  const { tab, scripts } = await open(context, plain)
  assert.deepEqual(await tab.evaluate(() => page.api.notes.list({ board: 'plans' })), ['a'])
  assert.ok(!scripts.includes('/client/live-part.js'), scripts.join())
  assert.deepEqual(await tab.evaluate(() => page.api.notes.list.live({ board: 'plans' }).ready), ['a'])
  assert.ok(scripts.includes('/client/live-part.js'), scripts.join())
})
