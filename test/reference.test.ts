import assert from 'node:assert/strict'
import { registerHooks } from 'node:module'
import { test } from 'node:test'
import { tapri } from 'tapri'
import { testApp } from 'tapri/test'

const { app, controller, visitor } = tapri({ models: {} })
const door = controller('/door', { greet: visitor.get('/', () => 'hello') })

/** The app as it is in production, with what that asks for. */
const production = { settings: { NODE_ENV: 'production', APP_SECRET: 'a secret of more than thirty-two letters' } }

async function pageOf(url: string): Promise<{ status: number; html: string; policy: string | null }> {
  const answer = await fetch(new URL('/reference', url))
  return { status: answer.status, html: await answer.text(), policy: answer.headers.get('content-security-policy') }
}

test('in development the reference page and its script come from the app, and nothing may come from elsewhere', async () => {
  await using opened = await testApp(app({ controllers: { door }, policies: [], title: 'Kites & strings' }))
  const { status, html, policy } = await pageOf(opened.url)
  assert.equal(status, 200)
  assert.match(html, /<title>Kites &amp; strings reference<\/title>/)
  assert.match(html, /spec-url="\/openapi.json"/)
  assert.match(policy ?? '', /default-src 'none'; script-src 'self';/)
  assert.doesNotMatch(html, /https?:/)
  const script = await fetch(new URL('/reference/explorer.js', opened.url))
  assert.equal(script.headers.get('content-type'), 'text/javascript; charset=utf-8')
  assert.ok((await script.text()).includes('openapi-explorer'))
})

test('in production there is no reference page unless the app asks for it', async () => {
  await using closed = await testApp(app({ controllers: { door }, policies: [] }), production)
  assert.equal((await pageOf(closed.url)).status, 404)
  await using open = await testApp(app({ controllers: { door }, policies: [], reference: true }), production)
  assert.equal((await pageOf(open.url)).status, 200)
  await using never = await testApp(app({ controllers: { door }, policies: [], reference: false }))
  assert.equal((await pageOf(never.url)).status, 404)
})

test('a page of the app at the same path is the one that is shown', async () => {
  const own = controller('/reference', { page: visitor.get('/', () => 'my own') })
  await using opened = await testApp(app({ controllers: { own }, policies: [], prefix: '' }))
  assert.equal((await pageOf(opened.url)).html, 'my own')
})

test('where openapi-explorer is not installed the page says how to get it', async () => {
  const hidden = registerHooks({
    resolve(specifier, context, next) {
      if (!specifier.startsWith('openapi-explorer')) return next(specifier, context)
      throw Object.assign(new Error(`Cannot find package "${specifier}"`), { code: 'ERR_MODULE_NOT_FOUND' })
    },
  })
  try {
    await using opened = await testApp(app({ controllers: { door }, policies: [] }))
    const { status, html } = await pageOf(opened.url)
    assert.equal(status, 200)
    assert.match(html, /npm install --save-dev openapi-explorer/)
    assert.equal((await fetch(new URL('/reference/explorer.js', opened.url))).status, 404)
  } finally {
    hidden.deregister()
  }
})
