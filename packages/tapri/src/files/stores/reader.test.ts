import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readlink, rm } from 'node:fs/promises'
import { get as httpGet, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, before, test } from 'node:test'
import { controller, HttpContext, type HttpServer, openHttp, routeKit, servedRoutes } from '../../http/index.ts'
import { manualClock } from '../../kit/clock.ts'
import { notFound } from '../../kit/errors.ts'
import { silentLog } from '../../observe/index.ts'
import { sendStored } from '../sent.ts'
import type { Store } from '../store.ts'
import { openDisk } from './disk.ts'

const bytes = randomBytes(3_000_000)
const key = 'a-film-00000000'
const film = { key, type: 'video/mp4', etag: '"a-film"', headers: {}, facts: {} }
const clock = manualClock()
let folder = ''
let store: Store
let http: HttpServer
let url = ''

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tapri-reader-'))
  store = await openDisk(folder, clock)
  await store.put(key, Readable.from([bytes]))
  const route = routeKit<HttpContext>('visitor').get('/film', () =>
    sendStored({ ...film, size: bytes.length, missing: () => notFound('There is no film') }, { store, log: silentLog }),
  )
  const routes = servedRoutes({ films: controller('/', { film: route }) }, '/')
  http = openHttp({ routes, Context: HttpContext, log: silentLog, production: true })
  url = `${await http.listen({ port: 0, host: '127.0.0.1' })}/film`
})

after(async () => {
  await http.stop(0)
  await store.close()
  await rm(folder, { recursive: true, force: true })
})

test('two hundred readers at every pace, a third of whom leave, get their own bytes and nobody else’s', async () => {
  const read = async (index: number) => {
    const start = (index * 104_729) % 2_000_000
    const end = start + 1 + ((index * 7919) % 900_000)
    const response = await ask(`bytes=${start}-${end}`)
    let at = start
    for await (const chunk of response) {
      assert.ok(bytes.subarray(at, at + chunk.length).equals(chunk), `reader ${index} at ${at}`)
      at += chunk.length
      if (index % 3 === 0 && at > start + 100_000) return response.destroy()
      // others go on in the meantime, and have the memory that this one had
      if (index % 2 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    assert.equal(at, end + 1, `reader ${index}`)
  }
  await Promise.all(Array.from({ length: 200 }, (_, index) => read(index)))
})

test('what others read of a file stays what it was, however much is sent meanwhile', async () => {
  const kept = await Array.fromAsync(await store.get(key))
  await Promise.all(Array.from({ length: 10 }, async () => hashOf(await Array.fromAsync(await ask('bytes=1000000-')))))
  assert.equal(hashOf(kept), hashOf([bytes]))
})

test('a file that many have read and left is closed', { skip: process.platform !== 'linux' }, async () => {
  const responses = await Promise.all(Array.from({ length: 30 }, () => ask('bytes=0-')))
  for (const response of responses) response.destroy()
  const whole = await ask('bytes=0-')
  assert.equal(hashOf(await Array.fromAsync(whole)), hashOf([bytes]))
  for (let round = 0; (await openFiles()) > 0; round++) {
    assert.ok(round < 10_000, 'the file is still open')
    // it waits two seconds for more readers
    clock.advance(2_000)
    await new Promise((resolve) => setImmediate(resolve))
  }
})

function ask(range: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    httpGet(url, { headers: { range }, agent: false }, resolve).on('error', reject)
  })
}

function hashOf(chunks: readonly Uint8Array[]): string {
  const hash = createHash('sha256')
  for (const chunk of chunks) hash.update(chunk)
  return hash.digest('hex')
}

async function openFiles(): Promise<number> {
  const links = await Promise.all((await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')))
  return links.filter((path) => path.startsWith(folder)).length
}
