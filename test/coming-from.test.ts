import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { test } from 'node:test'
import { notFound, tapri } from 'tapri'
import { text } from 'tapri/data'
import { testApp } from 'tapri/test'
import { Kites, type OldApp, oldApps } from './coming-from.fixture.ts'

const { app, controller, visitor } = tapri({ models: {} })

/** The old app whole, and two of its routes taken over. */
function newApp(kites: Kites, old: OldApp) {
  const taken = controller('/kites', {
    list: visitor.get('/', () => kites.list()),
    one: visitor.get('/:id', { params: { id: text({ max: 10 }) } }, ({ params }) => {
      const kite = kites.find(params.id)
      if (kite === undefined) throw notFound('No such kite')
      return kite
    }),
  })
  return app({ controllers: { kites: taken }, policies: [], mounts: { '/': old.mount } })
}

/** Asks for all that the old app has, taken over or not, and answers what came back. */
async function answersAt(origin: string) {
  const ask = async (path: string, init: RequestInit = {}) => {
    const answer = await fetch(origin + path, init)
    const body = await answer.text()
    const isJson = answer.headers.get('content-type')?.includes('json') === true
    // how a refusal is worded is the framework's own
    return { path, status: answer.status, body: answer.ok ? (isJson ? JSON.parse(body) : body) : undefined }
  }
  const kite = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ name: 'rokkaku' }) }
  return [
    await ask('/health'),
    await ask('/api/kites'),
    await ask('/api/kites/2'),
    await ask('/api/kites/9'),
    await ask('/api/kites', kite),
    await ask('/api/kites/3'),
    await ask('/nowhere'),
  ]
}

for (const [name, make] of Object.entries(oldApps)) {
  test(`an app of ${name} is mounted whole, two of its routes are taken over, and its callers see no difference`, async () => {
    const before = await make(new Kites())
    const server = createServer(before.alone).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    const expected = await answersAt(`http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`)
    server.closeAllConnections()
    server.close()
    assert.deepEqual(
      expected.map(({ status }) => status),
      [200, 200, 200, 404, 201, 200, 404],
    )

    const kites = new Kites()
    await using started = await testApp(newApp(kites, await make(kites)))
    assert.deepEqual(await answersAt(new URL(started.url).origin), expected)
    // and what was taken over has a typed client
    assert.deepEqual(await started.guest.kites.one({ id: '3' }), { id: '3', name: 'rokkaku' })
  })
}
