import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { deflateRawSync } from 'node:zlib'
import { randomOf } from './fuzz.fixture.ts'
import { frame, opcodes, openEvents, openWire, type Wire } from './live-abuse.fixture.ts'

const megabyte = 1024 ** 2
const bomb = frame(deflateRawSync(Buffer.alloc(20 * megabyte)), { reserved: 4 })
const large = frame('x'.repeat(40_000), { isLast: false })

/** What one who means no good does with a socket. */
const abuses: readonly ((wire: Wire, random: () => number) => void)[] = [
  (wire) => wire.write(bomb),
  (wire) => wire.write(large, large),
  // a beginning without an end
  (wire) => wire.write(large, frame('{', { isLast: false, opcode: opcodes.continuation }).subarray(0, 3)),
  (wire) => wire.write(...Array.from({ length: 100 }, () => '{"type":')),
  (wire) => wire.write(...Array.from({ length: 1_000 }, () => ({ type: 'ping', at: 'x.9' }))),
  (wire) => wire.write(...Array.from({ length: 1_000 }, () => frame('x'.repeat(125), { opcode: opcodes.ping }))),
  (wire) => wire.write(...Array.from({ length: 100 }, (_, id) => ({ type: 'call', id, method: 'GET', path: '/notes/long' }))),
  (wire, random) => {
    wire.socket.pause()
    for (let id = 0; id < 150; id++) wire.write(subscribe(id, 'notes.long', { page: random() }))
  },
  (wire, random) => {
    for (let id = 0; id < 1_000; id++) {
      wire.write(subscribe(id, 'notes.list', { rank: Math.floor(random() * 1e9) }), { type: 'unsubscribe', id })
    }
  },
  (wire, random) => {
    for (let id = 0; id < 200; id++) wire.write(subscribe(id, 'notes.slow', { number: Math.floor(random() * 1e9) }))
  },
]

function subscribe(id: number, route: string, input: object) {
  return { type: 'subscribe', id, route, input }
}

test('after hundreds of sockets and lines that were abused the server holds no more memory than before, and serves', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tapri-abuse-'))
  const server = fork(fileURLToPath(new URL('./fuzz-memory.fixture.ts', import.meta.url)), ['./live-abuse.fixture.ts'], {
    cwd: folder,
    execArgv: ['--expose-gc'],
    env: { PATH: process.env.PATH, PORT: '0', HOST: '127.0.0.1', NODE_ENV: 'development', LOG_FORMAT: 'silent' },
  })
  t.after(async () => {
    server.kill('SIGKILL')
    await rm(folder, { recursive: true, force: true })
  })
  const ended = once(server, 'exit').then(([code, signal]) => {
    throw new Error(`The server has ended with ${code ?? signal}`)
  })
  // it ends with the test, which nobody is to be told
  ended.catch(() => undefined)
  const told = async () => (await Promise.race([once(server, 'message'), ended]))[0]
  const { url } = await told()
  const port = Number(new URL(url).port)

  const random = randomOf(1)
  const abuse = async (sockets: number) => {
    for (let count = 0; count < sockets; count += abuses.length) {
      await Promise.race([Promise.all(abuses.map((each) => abuseOne(port, each, random))), ended])
      await abuseLine(`${url}/api`)
    }
  }
  const held = async () => {
    const wire = await openWire(port)
    wire.write(subscribe(1, 'notes.list', {}))
    assert.equal((await wire.came(1))[0].type, 'snapshot')
    wire.socket.destroy()
    server.send('collect')
    return told()
  }
  // what is compiled, cached and counted once is there after the first
  await abuse(40)
  const before = await held()
  await abuse(300)
  const after = await held()
  assert.ok(after.heapUsed - before.heapUsed < 4 * megabyte, `${before.heapUsed} bytes of heap became ${after.heapUsed}`)
  assert.ok(after.external - before.external < 4 * megabyte, `${before.external} bytes outside of it became ${after.external}`)
  t.diagnostic(`${before.heapUsed} bytes of heap became ${after.heapUsed}, ${before.external} outside of it ${after.external}`)
})

async function abuseOne(port: number, how: (wire: Wire, random: () => number) => void, random: () => number): Promise<void> {
  const wire = await openWire(port, { compresses: true })
  how(wire, random)
  // some are cut in the midst of it, some when all of it was sent
  if (random() < 0.5) for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
  wire.socket.resetAndDestroy()
  await wire.closed
}

async function abuseLine(api: string): Promise<void> {
  const events = await openEvents(api)
  const frames = Array.from({ length: 200 }, (_, id) => JSON.stringify(subscribe(id, 'notes.long', { page: id })))
  await events.send(frames.join('\n'))
  events.leave()
}
