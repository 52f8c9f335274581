import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testApp } from 'tapri/test'
import app from './club/app.ts'
import { fuzzedRequest, randomOf, sendFuzzed } from './fuzz.fixture.ts'

const requests = Number(process.env.REQUESTS ?? 3000)
const seed = Number(process.env.FIRST_SEED ?? 1)

const telltale = /node:internal|node_modules|\.ts:\d|SQLITE|secret-detail|\/etc\/club|tapri-test-/

test(`${requests} requests from nearly right to nonsense are each answered in the server's own words, and harm nobody`, async () => {
  await using club = await testApp(app)
  const ann = await club.signUp('ann@club.test')
  const { id } = await ann.videos.create({ title: 'Kites', source: club.file('kites.mp4') })
  await ann.videos.publish({ id })
  const before = await club.guest.videos.list()
  const port = Number(new URL(club.url).port)
  const manifest: Record<string, { method: string; path: string }> = await (await fetch(`${club.url}/tapri.json`)).json()
  // these two fail by design: one throws, the other writes in a GET
  const own = Object.values(manifest)
    .filter(({ path }) => !path.endsWith('/fail') && !path.endsWith('/write'))
    .map(({ method, path }) => `${method} ${path}`)
  const routes = [
    ...own,
    'GET /openapi.json',
    'GET /reference',
    'GET /api/files/:model/:id/:field',
    `GET /api/files/videos/${id}/source`,
    'GET /api/live',
  ]
  const tokens = [await club.token('ann@club.test'), `tapri_${'x'.repeat(49)}`]
  let sent = 0

  const sender = async (random: () => number) => {
    while (sent++ < requests) {
      const bytes = fuzzedRequest(random, { routes, tokens })
      const answer = await sendFuzzed(port, bytes, random)
      const told = `seed ${seed}: ${bytes.toString('latin1').slice(0, 1000)}\n\n${answer.slice(0, 1000)}`
      const statuses = [...answer.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)].map(([, status]) => Number(status))
      assert.ok(answer === '' || statuses.length > 0, told)
      assert.ok(
        statuses.every((status) => status < 500),
        told,
      )
      assert.doesNotMatch(answer, telltale, told)
    }
  }
  await Promise.all(Array.from({ length: 8 }, (_, index) => sender(randomOf(seed * 1000 + index))))

  assert.equal(Object.hasOwn(Object.prototype, 'admin'), false)
  assert.deepEqual(await club.guest.videos.list(), before)
  assert.equal((await club.db.users.find({ where: { email: 'ann@club.test' } })).length, 1)
})
