import files from '@fastify/static'
import fastify from 'fastify'
import { folder, tell } from '../serving.ts'

const app = fastify()
await app.register(files, { root: folder })
tell(Number(new URL(await app.listen({ port: 0, host: '127.0.0.1' })).port))
