import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { tapri } from 'tapri'
import { file, image, model, optional, pick, row } from 'tapri/data'
import { testApp } from 'tapri/test'
import { findChromium, openChromium } from '../examples/videotube/test/browser/chromium.ts'
import { plain } from '../packages/tapri/src/files/images/pictures.fixture.ts'

const chromium = findChromium()
const missing = 'there is no Chromium here: apt-get install chromium, or name one in CHROMIUM_PATH'
const skip = chromium === undefined && process.env.CI !== 'true' && missing

const things = model({
  picture: optional(image({ maxSize: '1mb', variants: { thumb: { width: 20 } } })),
  drawing: optional(file({ accept: 'image/*', maxSize: '1mb' })),
  words: optional(file({ accept: 'text/plain, .csv', maxSize: '1mb' })),
  anything: optional(file({ accept: '*/*', maxSize: '1mb' })),
})
const { visitor, controller, policy, app } = tapri({ models: { things } })

let ran: string[] = []
const open = app({
  controllers: {
    things: controller('/things', {
      create: visitor.post(
        '/',
        { body: pick(things, 'picture', 'drawing', 'words', 'anything'), output: row(things) },
        ({ body, db }) => db.things.create(body),
      ),
      /** Asked by scripts that run; an app of cookies would let them do anything. */
      ran: visitor.post('/ran', ({ request }) => {
        ran.push(request.headers.referer ?? 'nobody')
      }),
      page: visitor.get('/page', ({ reply }) =>
        reply.header('Content-Security-Policy', "script-src 'unsafe-inline'").html(script),
      ),
    }),
  },
  policies: [policy('things', { read: () => true, create: () => true })],
})

const script = '<!doctype html><script>fetch("/api/things/ran", { method: "POST" })</script>'
const drawn = `<svg xmlns="http://www.w3.org/2000/svg">${script.slice('<!doctype html>'.length)}</svg>`

test('nothing that was uploaded runs in a browser, whatever it is called', { skip, timeout: 120_000 }, async (context) => {
  assert.ok(chromium, missing)
  await using things = await testApp(open)
  await using browser = await openChromium(chromium)
  const page = await browser.newPage()
  const base = new URL(things.url).origin

  await context.test('a script of the app itself does, so this test would see it', async () => {
    await visit(page, `${things.url}/things/page`)
    await page.waitForLoadState('networkidle')
    assert.equal(ran.length, 1)
    ran = []
  })

  await context.test('what is no picture is not taken as one', async () => {
    for (const [field, bytes] of [
      ['picture', script],
      ['drawing', script],
      ['picture', drawn],
    ] as const) {
      const answer = await send(things.url, field, new File([bytes], 'kite.png', { type: 'image/png' }))
      assert.equal(answer.status, 415, `${field} ${JSON.stringify(answer.body)}`)
    }
  })

  const hidden: [string, File][] = [
    ['drawing', new File([`GIF89a/*${script}*/=1;${script}`], 'kite.html', { type: 'text/html' })],
    ['words', new File([script], 'kite.html', { type: 'text/plain' })],
    ['words', new File([script], 'kite.csv', { type: 'text/csv' })],
    ['anything', new File([script], 'kite.html', { type: 'text/html' })],
    ['anything', new File([drawn], 'kite.svg', { type: 'image/svg+xml' })],
    ['anything', new File([`<?xml version="1.0"?>${drawn}`], 'kite.svg', { type: 'image/svg+xml' })],
    ['anything', new File(['fetch("/api/things/ran", { method: "POST" })'], 'kite.js', { type: 'text/javascript' })],
    ['picture', new File([Uint8Array.from(await plain(40, 40).png().toBuffer()), script], 'kite.html', { type: 'text/html' })],
  ]
  for (const [field, bytes] of hidden) {
    await context.test(`${bytes.name} in ${field} is shown or saved, and runs nothing`, async () => {
      const { status, body } = await send(things.url, field, bytes)
      assert.equal(status, 200, JSON.stringify(body))
      const { url, variants = {} } = body[field]
      for (const each of [url, ...Object.values(variants)]) {
        await visit(page, base + each)
        await visit(page, `${things.url}/things/none`)
        await page.setContent(
          `<script src="${base + each}"></script><iframe src="${base + each}"></iframe><object data="${base + each}"></object>`,
        )
        await page.waitForLoadState('networkidle')
      }
      assert.deepEqual(ran, [])
    })
  }
})

/** Goes there; what is saved rather than shown is no page. */
async function visit(page: Page, url: string): Promise<void> {
  await page.goto(url).catch((error: unknown) => assert.match(String(error), /Download is starting|ERR_ABORTED/))
}

async function send(base: string, field: string, content: File): Promise<{ status: number; body: any }> {
  const form = new FormData()
  form.append(field, content)
  const response = await fetch(`${base}/things`, { method: 'POST', body: form })
  return { status: response.status, body: await response.json() }
}
