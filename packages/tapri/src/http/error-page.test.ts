import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { openForTest, problemIn, visitor } from './open.fixture.ts'

// not written here: the page shows the lines around the failing one
const token = randomUUID()
const asPage = { headers: { Accept: 'text/html,*/*;q=0.8', Authorization: `Bearer ${token}` } }
const routes = {
  broken: visitor.get('/broken', () => {
    throw new Error('the <kettle> is empty', { cause: new Error('no water') }) // the line that is shown
  }),
}

test('a developer sees the failing line, the cause and the request in the browser', async (context) => {
  const { url } = await openForTest(context, routes)
  const answer = await fetch(`${url}/broken?cup=1`, asPage)
  assert.equal(answer.status, 500)
  assert.equal(answer.headers.get('content-type'), 'text/html; charset=utf-8')
  assert.match(answer.headers.get('content-security-policy') ?? '', /default-src/)
  const page = await answer.text()
  assert.match(page, /<mark>.*the line that is shown<\/mark>/)
  assert.match(page, /the &lt;kettle&gt; is empty/)
  assert.match(page, /caused by Error: no water/)
  assert.match(page, /GET \/broken\?cup=1/)
  assert.ok(!page.includes(token))
})

test('scripts and production get a problem document that tells nothing', async (context) => {
  const { url } = await openForTest(context, routes)
  assert.equal((await problemIn(await fetch(`${url}/broken`))).code, 'TAPRI_INTERNAL')
  const production = await openForTest(context, routes, { production: true })
  const problem = await problemIn(await fetch(`${production.url}/broken`, asPage))
  assert.equal(problem.contentType, 'application/problem+json')
  assert.doesNotMatch(JSON.stringify(problem), /kettle/)
})
