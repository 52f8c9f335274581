import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, get, type IncomingMessage, type Server } from 'node:http'
import type { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { filmBytes } from '../conformance/under-test.ts'
import { RemoteReader } from './remote-reader.ts'

const film = filmBytes(0, 1_000_000)

/** A server that cuts each line after so many bytes of an answer. */
class CuttingServer implements AsyncDisposable {
  readonly starts: number[] = []
  readonly #server: Server

  private constructor(server: Server, cuts: (line: number) => number) {
    this.#server = server
    server.on('request', (request, response) => {
      const start = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1])
      const bytes = cuts(this.starts.push(start))
      response.writeHead(206, { 'Content-Length': film.length - start })
      if (bytes >= film.length - start) response.end(film.subarray(start))
      else response.write(film.subarray(start, start + bytes), () => response.destroy())
    })
  }

  static async open(cuts: (line: number) => number): Promise<CuttingServer> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new CuttingServer(server, cuts)
  }

  /** What it answers from a position on. */
  async read(start: number): Promise<IncomingMessage> {
    const address = this.#server.address()
    assert.ok(address !== null && typeof address === 'object')
    const request = get({ port: address.port, host: '127.0.0.1', agent: false, headers: { Range: `bytes=${start}-` } })
    const [answer]: IncomingMessage[] = await once(request, 'response')
    assert.ok(answer)
    return answer
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }
}

async function readerOf(server: CuttingServer, start = 0): Promise<Readable> {
  const open = (from: number) => server.read(from)
  return new RemoteReader({ open, start, end: film.length - 1 }, await open(start))
}

test('a line that is cut is opened again where it broke, as often as it gets further', async () => {
  await using server = await CuttingServer.open(() => 150_000)
  assert.ok(film.equals(await buffer(await readerOf(server))))
  assert.ok(server.starts.length >= 7, `${server.starts.length} lines`)
  assert.deepEqual(
    server.starts,
    server.starts.toSorted((one, other) => one - other),
  )
})

test('a range begins and ends where it should across a cut', async () => {
  await using server = await CuttingServer.open((line) => (line === 1 ? 10 : film.length))
  assert.ok(film.subarray(999_000).equals(await buffer(await readerOf(server, 999_000))))
})

test('lines that bring nothing end in an error', async () => {
  await using server = await CuttingServer.open((line) => (line === 1 ? 1000 : 0))
  const reader = await readerOf(server)
  await assert.rejects(buffer(reader), { code: 'TAPRI_FILES_STORE', status: 503 })
  assert.equal(server.starts.length, 4)
})

test('a reader that leaves closes its line', async () => {
  await using server = await CuttingServer.open(() => film.length)
  const body = await server.read(0)
  const reader = new RemoteReader({ open: () => assert.fail('it is not opened again'), start: 0, end: film.length - 1 }, body)
  for await (const _chunk of reader) break
  assert.ok(body.destroyed)
})

test('what nobody asks for is not read', async () => {
  await using server = await CuttingServer.open(() => film.length)
  const body = await server.read(0)
  const reader = new RemoteReader({ open: () => assert.fail('it is not opened again'), start: 0, end: film.length - 1 }, body)
  await once(reader, 'readable')
  assert.ok(reader.readableLength <= 262_144, `${reader.readableLength} bytes`)
  assert.ok(body.isPaused())
  reader.destroy()
})

test('a line that breaks while nobody asks is opened again when somebody does', async () => {
  await using server = await CuttingServer.open((line) => (line === 1 ? 1000 : film.length))
  const body = await server.read(0)
  const reader = new RemoteReader({ open: (from) => server.read(from), start: 0, end: film.length - 1 }, body)
  await once(reader, 'readable')
  if (!body.closed) await new Promise((resolve) => body.once('close', resolve))
  for (let turn = 0; turn < 10; turn++) await setImmediate()
  assert.equal(server.starts.length, 1)
  assert.ok(film.equals(await buffer(reader)))
  assert.deepEqual(server.starts, [0, 1000])
})
