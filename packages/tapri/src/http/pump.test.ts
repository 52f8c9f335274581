import assert from 'node:assert/strict'
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { pump } from './pump.ts'

test('a head that cannot be written fails the answer, which can still be another, and nothing else', async () => {
  const refused = (response: ServerResponse) => response.writeHead(200, { 'Content-Disposition': 'filename="\u0928.pdf"' })
  for (const chunks of [[Buffer.from('kites')], []]) {
    const { status, body } = await answered(async (response) => {
      const source = Readable.from(chunks, { objectMode: false })
      const pumped = pump(source, response, { size: undefined, begin: () => refused(response) })
      await assert.rejects(pumped, { code: 'ERR_INVALID_CHAR' })
      assert.equal(source.destroyed, true)
      response.writeHead(500).end('sorry')
    })
    assert.deepEqual([status, body], [500, 'sorry'])
  }
})

async function answered(answer: (response: ServerResponse) => Promise<void>): Promise<{ status: number; body: string }> {
  const failed = Promise.withResolvers<never>()
  const server = createServer((_request, response) => answer(response).catch(failed.reject))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    const address = server.address()
    const port = typeof address === 'object' ? address?.port : undefined
    const came = new Promise<IncomingMessage>((resolve, reject) => get({ port, agent: false }, resolve).on('error', reject))
    const response = await Promise.race([came, failed.promise])
    return { status: response.statusCode ?? 0, body: await text(response) }
  } finally {
    server.close()
  }
}
