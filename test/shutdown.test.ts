import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { WebSocket } from 'ws'

const appUrl = new URL('./club/app.ts', import.meta.url)

/** A whole app in a process of its own, on the files of `folder`. */
async function startProcess(folder: string, mode: 'development' | 'production') {
  const code = `const { default: app } = await import(${JSON.stringify(appUrl.href)}); await app.start()`
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
    cwd: folder,
    env: { PATH: process.env.PATH, PORT: '0', HOST: '127.0.0.1', LOG_FORMAT: 'json', NODE_ENV: mode },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /Listening on (http:[^\s"]+)/.exec(line)?.[1]
    if (url !== undefined) return { url, port: Number(new URL(url).port), ended, terminate: () => child.kill('SIGTERM') }
  }
  throw new Error('The app ended before it listened')
}

test('on SIGTERM live sockets are told to come back, a request in flight is answered, and idle connections keep nobody', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tapri-shutdown-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  // makes the tables, which production does not
  const maker = await startProcess(folder, 'development')
  maker.terminate()
  assert.deepEqual(await maker.ended, [0, null])

  const server = await startProcess(folder, 'production')
  const idle = connect(server.port, '127.0.0.1')
  idle.write('GET /api/videos HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await once(idle, 'data')
  const unused = connect(server.port, '127.0.0.1')
  await once(unused, 'connect')
  const live = new WebSocket(`ws://127.0.0.1:${server.port}/api/live`, 'tapri.v1')
  await once(live, 'open')
  live.send('{"type":"hello"}')
  live.send('{"type":"subscribe","id":1,"route":"videos.list","input":{}}')
  await once(live, 'message')

  const body = '{"name":"Ann","email":"ann@club.test","password":"kites and wind"}'
  const writer = connect(server.port, '127.0.0.1').setEncoding('utf8')
  const head = ['POST /api/auth/sign-up HTTP/1.1', 'Host: localhost', 'Content-Type: application/json', 'Expect: 100-continue']
  writer.write(`${[...head, `Content-Length: ${body.length}`].join('\r\n')}\r\n\r\n`)
  assert.match(String(await once(writer, 'data')), /100 Continue/)

  // a body of which nothing comes for seconds would be given up, however busy this process is
  writer.write(body.slice(0, 20))
  server.terminate()
  assert.equal((await once(live, 'close'))[0], 1012)
  const refused = connect(server.port, '127.0.0.1')
  const closings = [refused, idle, unused].map((socket) => {
    socket.on('error', () => {}).resume()
    return new Promise((resolve) => socket.on('close', resolve))
  })
  let answer = ''
  writer.on('data', (text: string) => {
    answer += text
  })
  writer.write(body.slice(20))
  await once(writer, 'close')
  assert.match(answer, /^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\nConnection: close\r\n[\s\S]*"name":"Ann"/)
  await Promise.all(closings)
  assert.deepEqual(await server.ended, [0, null])
})
