import { serve } from '@hono/node-server'
import { serveStatic } from '@hono/node-server/serve-static'
import { folder } from '../rows/file.ts'
import { honoApp, secured } from './hono-app.ts'
import { listening } from './listening.ts'

const app = honoApp()
app.get('/files/*', secured, serveStatic({ root: folder, rewriteRequestPath: (path) => path.slice('/files'.length) }))
serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) => listening(port))
