import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { Writable } from 'node:stream'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import helmet from 'helmet'
import { type ConnectHandler, fromExpress, fromExpressErrors } from './connect.ts'
import { middleware } from './kit.ts'
import { openForTest, problemIn, visitor } from './open.fixture.ts'

// packages of the Express world, most of which have no types of their own
const load = createRequire(import.meta.url)
const express: any = load('express')
const cors: any = load('cors')
const morgan: any = load('morgan')
const compression: any = load('compression')
const session: any = load('express-session')
const passport: any = load('passport')

const json = { headers: { 'Content-Type': 'application/json' }, method: 'POST' }

test("helmet's headers are sent, in place of the server's own, and what the handler sets wins", async (context) => {
  const { url } = await openForTest(context, {
    plain: visitor.use(fromExpress(helmet())).get('/plain', () => ({ ok: true })),
    own: visitor.use(fromExpress(helmet())).get('/own', ({ reply }) => {
      reply.header('X-Frame-Options', 'ALLOWALL')
      return 'text'
    }),
  })
  const plain = await fetch(`${url}/plain`)
  assert.equal(plain.headers.get('x-frame-options'), 'SAMEORIGIN')
  assert.match(plain.headers.get('content-security-policy') ?? '', /default-src 'self'/)
  assert.equal(plain.headers.get('content-type'), 'application/json')
  assert.deepEqual(await plain.json(), { ok: true })
  assert.equal((await fetch(`${url}/own`)).headers.get('x-frame-options'), 'ALLOWALL')
})

test('cors answers a preflight by itself, and lets the origin that it names read', async (context) => {
  const use = [fromExpress(cors({ origin: 'https://web.example' })).run]
  const { url } = await openForTest(context, { list: visitor.get('/list', () => [1, 2]) }, { use })
  const answer = await fetch(`${url}/list`, { headers: { Origin: 'https://web.example' } })
  assert.equal(answer.headers.get('access-control-allow-origin'), 'https://web.example')
  assert.match(answer.headers.get('vary') ?? '', /Origin/)
  assert.match(answer.headers.get('vary') ?? '', /Accept/)
  assert.deepEqual(await answer.json(), [1, 2])
})

test('morgan logs the status and the length that were sent', async (context) => {
  const lines: string[] = []
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk))
      done()
    },
  })
  const log = fromExpress(morgan(':method :url :status :res[content-length]', { stream }))
  const { url } = await openForTest(context, { hello: visitor.use(log).get('/hello', () => 'hello') })
  assert.equal(await (await fetch(`${url}/hello`)).text(), 'hello')
  assert.deepEqual(lines, ['GET /hello 200 5\n'])
})

test('compression of Express compresses where ours is off', async (context) => {
  const { url } = await openForTest(
    context,
    { long: visitor.use(fromExpress(compression({ threshold: 0 }))).get('/long', () => 'a'.repeat(3000)) },
    { compress: false },
  )
  const { request } = await import('node:http')
  const bytes = await new Promise<Buffer>((resolve) => {
    request(`${url}/long`, { headers: { 'Accept-Encoding': 'gzip' } }, (response) => {
      assert.equal(response.headers['content-encoding'], 'gzip')
      const chunks: Buffer[] = []
      response.on('data', (chunk) => chunks.push(chunk)).on('end', () => resolve(Buffer.concat(chunks)))
    }).end()
  })
  assert.equal(gunzipSync(bytes).toString(), 'a'.repeat(3000))
})

test('express-session and passport know who has signed in, from one request to the next', async (context) => {
  passport.serializeUser((user: { name: string }, done: (error: null, id: string) => void) => done(null, user.name))
  passport.deserializeUser((name: string, done: (error: null, user: object) => void) => done(null, { name }))
  passport.use('word', {
    name: 'word',
    authenticate(this: any, request: any) {
      if (request.body?.password === 'open sesame') this.success({ name: request.body.name })
      else this.fail('wrong', 401)
    },
  })
  const remembers = visitor
    .use(fromExpress(session({ secret: 'a secret of thirty-two characters', resave: false, saveUninitialized: false })))
    .use(fromExpress(passport.session()))
  const { url } = await openForTest(context, {
    enter: remembers.use(fromExpress(passport.authenticate('word'))).post('/enter', ({ reply, request }) => {
      reply.cookie('theme', 'dark')
      return { name: userOf(request) }
    }),
    who: remembers.get('/who', ({ request }) => ({ name: userOf(request) })),
  })
  const body = JSON.stringify({ name: 'Asha', password: 'open sesame' })
  const entered = await fetch(`${url}/enter`, { ...json, body })
  assert.deepEqual(await entered.json(), { name: 'Asha' })
  const cookies = entered.headers.getSetCookie()
  assert.ok(cookies.some((cookie) => cookie.startsWith('theme=dark')))
  const cookie = cookies.find((each) => each.startsWith('connect.sid='))?.split(';')[0] ?? ''
  assert.deepEqual(await (await fetch(`${url}/who`, { headers: { Cookie: cookie } })).json(), { name: 'Asha' })
  assert.deepEqual(await (await fetch(`${url}/who`)).json(), { name: null })
  assert.equal((await fetch(`${url}/enter`, { ...json, body: '{"name":"Asha","password":"no"}' })).status, 401)
})

function userOf(request: object): string | null {
  const { user } = request as { user?: { name: string } }
  return user?.name ?? null
}

test('a whole Express app is mounted: its routers, its body parsers, its errors; what it does not know goes on', async (context) => {
  const router = express.Router()
  router.post('/echo', express.json(), (request: any, response: any) => {
    response.status(201).json({ body: request.body, base: request.baseUrl, original: request.originalUrl, url: request.url })
  })
  router.get('/broken', () => {
    throw new Error('mine')
  })
  router.use((error: Error, _request: unknown, response: any, next: (error?: unknown) => void) => {
    if (error.message === 'mine') response.status(418).send('short and stout')
    else next(error)
  })
  router.get('/worse', () => {
    throw new Error('not handled')
  })
  const app = express()
  app.use('/v1', router)
  const { url, entries } = await openForTest(
    context,
    { own: visitor.get('/old/v1/own', () => 'a route of ours') },
    { mounts: { '/old': fromExpress(app) } },
  )
  const echoed = await fetch(`${url}/old/v1/echo?a=1`, { ...json, body: '{"n":1}' })
  assert.equal(echoed.status, 201)
  assert.equal(echoed.headers.get('x-content-type-options'), 'nosniff')
  assert.deepEqual(await echoed.json(), {
    body: { n: 1 },
    base: '/old/v1',
    original: '/old/v1/echo?a=1',
    url: '/echo?a=1',
  })
  const broken = await fetch(`${url}/old/v1/broken`)
  assert.equal(broken.status, 418)
  assert.equal(await broken.text(), 'short and stout')
  assert.equal(await (await fetch(`${url}/old/v1/own`)).text(), 'a route of ours')
  const unknown = await problemIn(await fetch(`${url}/old/nothing`))
  assert.equal(unknown.code, 'TAPRI_HTTP_NO_ROUTE')
  const worse = await problemIn(await fetch(`${url}/old/v1/worse`))
  assert.equal(worse.code, 'TAPRI_INTERNAL')
  assert.ok(entries.some(({ message }) => message === 'Cannot answer a request'))
  const foreign = await fetch(`${url}/old/v1/echo`, {
    ...json,
    headers: { ...json.headers, 'Sec-Fetch-Site': 'cross-site' },
    body: '{}',
  })
  assert.equal(foreign.status, 403)
})

test('middleware that answers by itself keeps the handler from running, and one that fails refuses', async (context) => {
  let ran = 0
  const answers: ConnectHandler = (_request, response) => response.writeHead(202).end('enough')
  const fails: ConnectHandler = (_request, _response, next) => next(new Error('no'))
  const throws: ConnectHandler = async () => {
    throw new Error('no')
  }
  const count = () => ++ran
  const { url } = await openForTest(context, {
    answers: visitor.use(fromExpress(answers)).get('/answers', count),
    fails: visitor.use(fromExpress(fails)).get('/fails', count),
    throws: visitor.use(fromExpress(throws)).get('/throws', count),
  })
  const answered = await fetch(`${url}/answers`)
  assert.equal(answered.status, 202)
  assert.equal(await answered.text(), 'enough')
  assert.equal((await fetch(`${url}/fails`)).status, 500)
  assert.equal((await fetch(`${url}/throws`)).status, 500)
  assert.equal(ran, 0)
})

test('error middleware answers for what was thrown inside of it, or passes it on', async (context) => {
  const handler = (error: Error, _request: unknown, response: any, next: (error: unknown) => void) => {
    if (error.message === 'known') response.statusCode = 409
    if (error.message === 'known') response.end('said')
    else next(error)
  }
  const guarded = visitor.use(fromExpressErrors(handler))
  const { url } = await openForTest(context, {
    known: guarded.get('/known', () => {
      throw new Error('known')
    }),
    other: guarded.get('/other', () => {
      throw new Error('other')
    }),
    fine: guarded.get('/fine', () => 'fine'),
  })
  const known = await fetch(`${url}/known`)
  assert.equal(known.status, 409)
  assert.equal(await known.text(), 'said')
  assert.equal((await problemIn(await fetch(`${url}/other`))).code, 'TAPRI_INTERNAL')
  assert.equal(await (await fetch(`${url}/fine`)).text(), 'fine')
})

test('a middleware of ours may answer with what it returns', async (context) => {
  const closed = middleware(async ({ reply }) => reply.status(410).text('closed for the season'))
  const { url } = await openForTest(context, { shop: visitor.use(closed).get('/shop', () => 'open') })
  const answer = await fetch(`${url}/shop`)
  assert.equal(answer.status, 410)
  assert.equal(await answer.text(), 'closed for the season')
})
