import { serveStatic } from 'hono/deno'
import { folder } from '../rows/file.ts'
import { honoApp, secured } from './hono-app.ts'
import { listening } from './listening.ts'
import { deno } from './runtimes.ts'

const app = honoApp()
app.get('/files/*', secured, serveStatic({ root: folder, rewriteRequestPath: (path) => path.slice('/files'.length) }))
listening(deno().serve({ hostname: '127.0.0.1', port: 0, onListen: () => {} }, (request) => app.fetch(request)).addr.port)
