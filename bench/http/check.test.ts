import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { test } from 'node:test'
import { faultsOf } from './check.ts'
import { securityHeaders } from './row.ts'
import { json } from './rows/json.ts'
import { missing, notFound } from './rows/missing.ts'
import { post } from './rows/post.ts'

const right = { ...securityHeaders, 'Content-Type': 'application/json; charset=utf-8' }

test('a server that answers as it must has no faults', async () => {
  await using server = await answering((response) => response.writeHead(200, right).end(json.answer))
  assert.deepEqual(await faultsOf(server.origin, json), [])
})

test('another status, type, header or body is a fault', async () => {
  const wrong = { ...right, 'Content-Type': 'text/html', 'X-Frame-Options': 'SAMEORIGIN' }
  await using server = await answering((response) => response.writeHead(201, wrong).end('{}'))
  const faults = await faultsOf(server.origin, json)
  assert.deepEqual(
    faults.map((fault) => fault.split(' ', 2).join(' ')),
    ['its status', 'its type', 'its X-Frame-Options', 'its body'],
  )
})

test('a server that takes what is to be refused has a fault for each of it', async () => {
  await using server = await answering((response) => response.writeHead(200, right).end(post.answer))
  assert.equal((await faultsOf(server.origin, post)).length, post.refused?.length)
})

test('ids of problem documents may differ, and nothing else in them', async () => {
  const head = { ...securityHeaders, 'Content-Type': missing.type }
  await using server = await answering((response) => response.writeHead(404, head).end(JSON.stringify(notFound(missing.path))))
  assert.deepEqual(await faultsOf(server.origin, missing), [])
  await using other = await answering((response) => response.writeHead(404, head).end(JSON.stringify(notFound('/'))))
  assert.equal((await faultsOf(other.origin, missing)).length, 1)
})

test('a server that cuts the connection has a fault', async () => {
  await using server = await answering((response) => response.destroy())
  assert.match((await faultsOf(server.origin, json)).join(), /does not answer/)
})

async function answering(answer: (response: ServerResponse) => unknown) {
  const server = createServer((request, response) => {
    request.resume()
    answer(response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  return {
    origin: `http://127.0.0.1:${address.port}`,
    [Symbol.asyncDispose]: async () => {
      server.close()
      await once(server, 'close')
    },
  }
}
