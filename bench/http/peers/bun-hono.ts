import { serveStatic } from 'hono/bun'
import { folder } from '../rows/file.ts'
import { honoApp, secured } from './hono-app.ts'
import { listening } from './listening.ts'
import { bun } from './runtimes.ts'

const app = honoApp()
app.get('/files/*', secured, serveStatic({ root: folder, rewriteRequestPath: (path) => path.slice('/files'.length) }))
listening(bun().serve({ hostname: '127.0.0.1', port: 0, routes: {}, fetch: app.fetch }).port)
