import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type Started, startApp, tapri } from 'tapri'
import { id, image, model, pick } from 'tapri/data'
import { scratchDatabase } from '../packages/tapri/src/data/index.ts'
import { telephone } from '../packages/tapri/src/files/images/pictures.fixture.ts'
import { silentLog } from '../packages/tapri/src/observe/index.ts'

const postgres = process.env.TEST_POSTGRES_URL
const skip = postgres === undefined ? 'set TEST_POSTGRES_URL' : false

const pictures = model({ picture: image({ maxSize: '2mb', variants: { thumb: { width: 60 } } }) })
const { visitor, controller, policy, app } = tapri({ models: { pictures } })

const gallery = app({
  controllers: {
    pictures: controller('/pictures', {
      create: visitor.post('/', { body: pick(pictures, 'picture') }, ({ body, db }) => db.pictures.create(body)),
      share: visitor.get('/:id/share', { params: { id: id('pictures') } }, async ({ params, db, files }) =>
        files.signedUrl((await db.pictures.get(params.id)).picture, { expires: '1h', part: 'thumb' }),
      ),
    }),
  },
  policies: [policy('pictures', { read: () => true, create: () => true })],
})

test('two nodes that are asked for a size at once both answer, and keep it once', { skip }, async (t) => {
  const { nodes, folder } = await openNodes(t, { APP_SECRET: 'a secret that all of the nodes know of' })
  const { picture } = await create(nodes[0])
  const answers = await Promise.all(
    Array.from({ length: 12 }, (_, index) => fetch(new URL(picture.variants.thumb, nodes[index % 2]?.url))),
  )
  const bytes = await Promise.all(answers.map((answer) => answer.bytes()))
  for (const [index, answer] of answers.entries()) {
    assert.equal(answer.status, 200)
    assert.deepEqual(bytes[index], bytes[0])
  }
  const shards = (await readdir(join(folder, 'files'), { recursive: true, withFileTypes: true })).filter((entry) =>
    entry.isFile(),
  )
  assert.equal(shards.length, 2)
})

test('what one node signed the other opens where they share a secret, and does not where they have none', { skip }, async (t) => {
  for (const [secret, status] of [
    ['a secret that all of the nodes know of', 200],
    [undefined, 403],
  ] as const) {
    const { nodes } = await openNodes(t, secret === undefined ? {} : { APP_SECRET: secret })
    const row = await create(nodes[0])
    const url = await (await fetch(`${nodes[0]?.apiUrl}/pictures/${row.id}/share`)).text()
    assert.equal((await fetch(new URL(url, nodes[0]?.url))).status, 200)
    assert.equal((await fetch(new URL(url, nodes[1]?.url))).status, status)
  }
})

async function openNodes(t: TestContext, environment: Readonly<Record<string, string>>) {
  const folder = await mkdtemp(join(tmpdir(), 'tapri-nodes-'))
  const scratch = await scratchDatabase(postgres ?? '')
  const nodes: Started[] = []
  t.after(async () => {
    for (const node of nodes) await node.stop()
    await scratch.dispose()
    await rm(folder, { recursive: true, force: true })
  })
  for (let count = 0; count < 2; count++) {
    const places = { DATABASE_URL: scratch.url, FILES_URL: `disk:${join(folder, 'files')}` }
    const settings = { host: '127.0.0.1', port: 0, file: null, log: silentLog, migrate: 'auto' } as const
    nodes.push(await startApp(gallery.description, { ...settings, environment: { NODE_ENV: 'test', ...places, ...environment } }))
  }
  return { nodes, folder }
}

async function create(node: Started | undefined): Promise<any> {
  const body = new FormData()
  body.append('picture', new File([Uint8Array.from(await telephone())], 'kite.jpg'))
  return (await fetch(`${node?.apiUrl}/pictures`, { method: 'POST', body })).json()
}
