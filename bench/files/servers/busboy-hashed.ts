import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Busboy } from '@fastify/busboy'
import { folder, serve } from '../serving.ts'

// What Tapri does besides: SHA-256 of what comes, and a file that is on the disk when the answer is given.
await serve((request, response) => {
  const writing: Promise<string>[] = []
  const parser = new Busboy({ headers: { 'content-type': '', ...request.headers } })
  parser.on('file', (_field, file) => {
    const hash = createHash('sha256')
    const hashing = new Transform({
      transform(chunk, _encoding, done) {
        hash.update(chunk)
        done(null, chunk)
      },
    })
    const disk = createWriteStream(join(folder, crypto.randomUUID()), { flush: true })
    writing.push(pipeline(file, hashing, disk).then(() => hash.digest('hex')))
  })
  parser.on('finish', async () => {
    const [sha256] = await Promise.all(writing)
    response.setHeader('Content-Type', 'application/json').end(JSON.stringify({ sha256 }))
  })
  request.pipe(parser)
})
