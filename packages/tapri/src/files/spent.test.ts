import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, request } from 'node:http'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { ownPiece, spend } from './spent.ts'

const skip = process.versions.bun !== undefined || 'Deno' in globalThis

/** The pieces of a body that a server has received. */
async function received(look: (body: IncomingMessage) => void): Promise<Buffer[]> {
  const pieces = Promise.withResolvers<Buffer[]>()
  const server = createServer((body, response) => {
    const found: Buffer[] = []
    look(body)
    body.on('data', (piece: Buffer) => {
      ownPiece(piece, body)
      found.push(piece)
    })
    body.on('end', () => {
      response.end()
      pieces.resolve(found)
    })
  }).listen(0)
  await once(server, 'listening')
  const sent = request({ port: Object(server.address()).port, method: 'POST' })
  sent.end(Buffer.alloc(200_000, 'kite'))
  const [response] = await once(sent, 'response')
  response.resume()
  const found = await pieces.promise
  server.close()
  return found
}

test('the memory of a piece of a body is let go once every part of it was spent', { skip }, async () => {
  const pieces = await received(() => {})
  for (const piece of pieces) {
    const { buffer, length } = piece
    spend(piece.subarray(0, 10))
    assert.equal(buffer.byteLength, length)
    spend(piece.subarray(10))
    assert.equal(buffer.byteLength, 0)
  }
  assert.ok(pieces.length > 0)
})

test('a piece that somebody else listens to as well stays as it is', async () => {
  const pieces = await received((body) => body.on('data', () => {}))
  for (const piece of pieces) spend(piece)
  assert.equal(Buffer.concat(pieces).toString(), 'kite'.repeat(50_000))
})

test('bytes that are no piece of a body stay as they are', () => {
  const own = Buffer.from(new ArrayBuffer(4))
  ownPiece(own, Readable.from([own]))
  spend(own)
  assert.equal(own.length, 4)
})
