import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { Busboy } from '@fastify/busboy'
import { folder, serve } from '../serving.ts'

// As its documentation shows it: each file is piped to the disk.
await serve((request, response) => {
  const writing: Promise<void>[] = []
  const parser = new Busboy({ headers: { 'content-type': '', ...request.headers } })
  parser.on('file', (_field, file) => {
    writing.push(pipeline(file, createWriteStream(join(folder, crypto.randomUUID()))))
  })
  parser.on('finish', async () => {
    await Promise.all(writing)
    response.setHeader('Content-Type', 'application/json').end('{"ok":true}')
  })
  request.pipe(parser)
})
