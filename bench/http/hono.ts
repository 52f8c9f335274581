import { Readable } from 'node:stream'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { validator } from 'hono/validator'
import { list, report, securityHeaders, small, streamPieces, streamSize } from './work.ts'

const app = new Hono()

app.get('/json', (context) => context.json(small, 200, securityHeaders))
app.get('/list', (context) => context.json(list, 200, securityHeaders))
app.get('/users/:id', (context) => {
  const page = Number(context.req.query('page') ?? 1)
  if (!Number.isInteger(page) || page < 1) return context.json({ error: 'invalid' }, 422, securityHeaders)
  return context.json({ id: context.req.param('id'), page }, 200, securityHeaders)
})
app.post(
  '/items',
  validator('json', (value, context) => (isItem(value) ? value : context.json({ error: 'invalid' }, 422))),
  (context) => context.json(context.req.valid('json'), 200, securityHeaders),
)
app.get('/stream', () => {
  const body = Readable.toWeb(Readable.from(streamPieces(), { objectMode: false }))
  return new Response(body as BodyInit, { headers: { ...securityHeaders, 'Content-Length': String(streamSize) } })
})

const known = new Set(['title', 'price', 'tags', 'published'])
function isItem(value: Record<string, unknown>): boolean {
  for (const key in value) if (!known.has(key)) return false
  const { title, price, tags, published } = value
  if (typeof title !== 'string' || title.length < 1 || title.length > 120) return false
  if (typeof price !== 'number' || price < 0 || typeof published !== 'boolean') return false
  return Array.isArray(tags) && tags.length <= 10 && tags.every((tag) => typeof tag === 'string' && tag.length <= 30)
}

serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) => report(port))
