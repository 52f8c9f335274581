import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { tapri } from 'tapri'
import { file, model, pick } from 'tapri/data'
import { testApp } from 'tapri/test'
import { film } from '../packages/tapri/src/files/room.fixture.ts'

const run = promisify(execFile)
const films = model({ source: file({ accept: 'video/*', maxSize: '5mb' }) })
const { visitor, controller, policy, app } = tapri({ models: { films } })

const open = app({
  controllers: {
    films: controller('/films', {
      create: visitor.post('/', { body: pick(films, 'source') }, ({ body, db }) => db.films.create(body)),
    }),
  },
  policies: [policy('films', { read: () => true, create: () => true })],
})

const names = [
  'kites.mp4',
  'कites (1).mp4',
  'a"b\\c.mp4',
  '%2e%2e%2fpasswd.mp4',
  'x\r\nSet-Cookie: a=b.mp4',
  '‮4pm.exe',
  `${'long'.repeat(90)}.mp4`,
  "it's; filename=other.mp4",
  '🪁.mp4',
]

test('curl goes on with a download where it was cut, and never with another file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tapri-curl-'))
  try {
    await using tube = await testApp(open)
    const whole = Buffer.from(await film('k.mp4', 3_000_000).arrayBuffer())
    const { id, source } = await tube.guest.films.create({ source: film('k.mp4', 3_000_000) })
    const target = join(folder, 'k.mp4')
    const curl = async (...more: string[]) => {
      const args = ['-sS', '-o', target, '-w', '%{http_code}', ...more, new URL(source.url, tube.url).href]
      return (await run('curl', args)).stdout
    }
    for (const cut of [1, 1_000_000, 2_999_999]) {
      await writeFile(target, whole.subarray(0, cut))
      assert.equal(await curl('-C', '-'), '206')
      assert.ok(whole.equals(await readFile(target)), `${cut}`)
    }
    const etag = (await fetch(new URL(source.url, tube.url), { method: 'HEAD' })).headers.get('etag') ?? ''
    await tube.db.films.update(id, { source: film('other.mp4', 2_000_000) })
    await writeFile(target, '')
    assert.equal(await curl('-r', '100-', '-H', `If-Range: ${etag}`), '200')
    assert.equal((await readFile(target)).length, 2_000_000)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

test('no name breaks out of its header, and curl saves each under the name it is told', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tapri-curl-'))
  try {
    await using tube = await testApp(open)
    for (const [index, name] of names.entries()) {
      const { source } = await tube.guest.films.create({ source: film(name) })
      const url = new URL(source.url, tube.url)
      const { headers } = await fetch(url)
      assert.equal(headers.get('set-cookie'), null)
      const disposition = headers.get('content-disposition') ?? ''
      assert.match(disposition, /^inline; filename="[ !#-[\]-~]*"(?:; filename\*=UTF-8''[A-Za-z0-9!#$&+.^_`|~%-]+)?$/, name)
      const [, extended] = /filename\*=UTF-8''(.*)$/.exec(disposition) ?? []
      if (extended !== undefined) assert.equal(decodeURIComponent(extended), source.name)
      const { stdout } = await run('curl', ['-sSJO', '-w', '%{filename_effective}', '--output-dir', folder, url.href])
      const saved = await readFile(join(folder, stdout.split('/').at(-1) ?? ''))
      assert.equal(saved.length, 200_000, `${index} ${stdout}`)
      await rm(join(folder, stdout.split('/').at(-1) ?? ''))
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
