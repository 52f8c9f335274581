import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { HttpAdapterHost, NestFactory } from '@nestjs/core'
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify'
import { securityHeaders } from '../row.ts'
import { filePath } from '../rows/file.ts'
import { listening } from './listening.ts'
import { BenchModule } from './nest-app.ts'
import { MissingFilter } from './nest-missing.ts'

const app = await NestFactory.create<NestFastifyApplication>(BenchModule, new FastifyAdapter(), { logger: false })
const fastify = app.getHttpAdapter().getInstance()
fastify.addHook('onRequest', (_request, reply, done) => {
  reply.headers(securityHeaders)
  done()
})
// its own plugin for folders is a package of its own; this is the least that any does
fastify.get('/files/kites.txt', async (_request, reply) => {
  const { size, mtime } = await stat(filePath)
  return reply
    .headers({ 'Content-Length': size, 'Content-Type': 'text/plain', 'Last-Modified': mtime.toUTCString() })
    .send(createReadStream(filePath))
})
app.useGlobalFilters(new MissingFilter(app.get(HttpAdapterHost)))
await app.listen(0, '127.0.0.1')
listening(Number(new URL(await app.getUrl()).port))
