import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { test } from 'node:test'
import { openStore } from '../packages/tapri/src/files/stores/open.ts'
import { systemClock } from '../packages/tapri/src/kit/clock.ts'
import { newId } from '../packages/tapri/src/kit/ids.ts'
import { film, metadata, nameIn, newFolder, openNode, patch, sha256 } from './uploads.fixture.ts'

const tus = { 'Tus-Resumable': '1.0.0' }
const servers = {
  S3: process.env.TEST_S3_URL,
  'S3 that checks signatures': process.env.TEST_S3_SIGNED_URL,
  Azure: process.env.TEST_AZURE_URL,
}

for (const [name, server] of Object.entries(servers)) {
  const skip = server === undefined ? `${name} is not there: npm run services tells how to get it` : false

  /** Two nodes, one after the other, on a place of their own in the server. */
  const open = async () => {
    const folder = await newFolder()
    const files = `${server}${server?.includes('?') ? '&' : '?'}prefix=${newId()}`
    let node = await openNode({ folder, files, clock: systemClock })
    return {
      files,
      node: () => node,
      async next() {
        await node.stop()
        node = await openNode({ folder, files, clock: systemClock })
      },
      async kept() {
        const store = await openStore(files)
        try {
          return (await Array.fromAsync(store.list())).length
        } finally {
          await store.close()
        }
      },
      async [Symbol.asyncDispose]() {
        await node.stop()
        await rm(folder, { recursive: true, force: true })
      },
    }
  }

  // ranges and parts of the server that checks signatures are not as S3 has them
  const isWhole = name !== 'S3 that checks signatures'
  if (isWhole)
    test(`an upload in pieces to ${name} goes on after a restart and arrives intact`, { skip }, async () => {
      await using place = await open()
      const bytes = film(20_000_000)
      const headers = {
        ...tus,
        'Upload-Length': String(bytes.length),
        'Upload-Metadata': metadata({ route: 'videos.create', field: 'source' }),
      }
      const begun = await fetch(`${place.node().apiUrl}/uploads`, { method: 'POST', headers })
      const upload = nameIn(begun.headers.get('location') ?? '')
      const cuts = [0, 3_000_001, 12_000_000, 12_000_017, 20_000_000]
      for (const [at, end] of cuts.slice(1).entries()) {
        const start = cuts[at] ?? 0
        const url = `${place.node().apiUrl}/uploads/${upload}`
        const answer = await patch(url, start, bytes.subarray(start, end))
        assert.deepEqual([answer.status, answer.headers.get('upload-offset')], [204, String(end)])
        if (at === 1) await place.next()
      }
      const { apiUrl } = place.node()
      const created = await fetch(`${apiUrl}/videos`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ title: 'Kites', source: { upload } }),
      })
      const { source, ...problem } = await created.json()
      assert.equal(created.status, 200, JSON.stringify(problem))
      const got = Buffer.from(await (await fetch(new URL(source.url, apiUrl))).arrayBuffer())
      assert.equal(sha256(got), sha256(bytes))
      assert.equal(await place.kept(), 1)
    })

  test(`a file is sent straight into ${name}, and is looked at before it can be used`, { skip }, async () => {
    await using place = await open()
    const { apiUrl } = place.node()
    const bytes = film(300_000)
    const begin = async (length: number) => {
      const headers = {
        ...tus,
        'Tapri-Direct': 'true',
        'Upload-Length': String(length),
        'Upload-Metadata': metadata({ route: 'videos.create', field: 'source' }),
      }
      const answer = await fetch(`${apiUrl}/uploads`, { method: 'POST', headers })
      const { upload, direct } = await answer.json()
      assert.equal(answer.status, 201)
      return { url: `${apiUrl}/uploads/${upload}`, upload, direct }
    }
    const { url, upload, direct } = await begin(bytes.length)
    const early = await fetch(url, { method: 'POST', headers: tus })
    assert.deepEqual([early.status, (await early.json()).code], [409, 'TAPRI_FILES_UNFINISHED'])
    assert.equal((await patch(url, 0, bytes)).status, 409)
    const { method, headers } = direct
    const sent = await fetch(direct.url, { method, headers, body: bytes })
    assert.ok(sent.ok, `${sent.status} ${await sent.text()}`)
    const done = await fetch(url, { method: 'POST', headers: tus })
    assert.deepEqual([done.status, done.headers.get('upload-complete')], [204, '?1'])
    const created = await fetch(`${apiUrl}/videos`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ title: 'Kites', source: { upload } }),
    })
    assert.deepEqual([created.status, (await created.json()).source?.type], [200, 'video/mp4'])

    const lie = await begin(5000)
    await fetch(lie.direct.url, { method: lie.direct.method, headers: lie.direct.headers, body: Buffer.alloc(5000, 'x') })
    const refused = await fetch(lie.url, { method: 'POST', headers: tus })
    assert.deepEqual([refused.status, (await refused.json()).code], [415, 'TAPRI_FILES_TYPE'])
    assert.equal(await place.kept(), 1)
  })
}
