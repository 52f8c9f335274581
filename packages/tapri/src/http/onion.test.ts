import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deny } from '../kit/errors.ts'
import { exchangeOf } from './context.ts'
import { middleware } from './kit.ts'
import { openForTest, visitor } from './open.fixture.ts'

test('middleware runs around the handler and what it adds is seen inside it', async (t) => {
  const steps: string[] = []
  const outer = middleware<{ club: string; ip: string }>(async (_context, next) => {
    steps.push('outer in')
    await next({ club: 'chess', ip: 'nowhere' })
    steps.push('outer out')
  })
  const inner = middleware<{ size: number }>(async ({ club }, next) => {
    steps.push(`inner in ${club}`)
    await next({ size: club.length })
    steps.push('inner out')
  })
  const { url } = await openForTest(t, {
    club: visitor
      .use(outer)
      .use(inner)
      .get('/club/:id', async ({ club, size, ip, params }) => {
        steps.push('handler')
        return { club, size, ip, params }
      }),
    plain: visitor.get('/plain', (context) => 'club' in context),
  })
  assert.deepEqual(await (await fetch(`${url}/club/7`)).json(), { club: 'chess', size: 5, ip: 'nowhere', params: { id: '7' } })
  assert.deepEqual(steps, ['outer in', 'inner in chess', 'handler', 'inner out', 'outer out'])
  assert.equal(await (await fetch(`${url}/plain`)).json(), false)
})

test('a middleware refuses by throwing, and the handler does not run', async (t) => {
  let ran = false
  const closed = middleware(async () => {
    throw deny('Closed')
  })
  const { url } = await openForTest(t, {
    club: visitor.use(closed).get('/', () => {
      ran = true
    }),
  })
  assert.equal((await fetch(url)).status, 403)
  assert.equal(ran, false)
})

for (const [name, run] of [
  [
    'calls next twice',
    async (_: unknown, next: () => Promise<void>) => {
      await next()
      await next()
    },
  ],
  ['never calls next', async () => undefined],
] as const) {
  test(`a middleware that ${name} is an error`, async (t) => {
    const { url, entries } = await openForTest(t, { club: visitor.use(middleware(run)).get('/', () => 'in') })
    assert.equal((await fetch(url)).status, 500)
    assert.match(JSON.stringify(entries[0]?.facts), /TAPRI_HTTP_NEXT/)
  })
}

test('an error of the handler cannot be swallowed, nor lost when next is not awaited', async (t) => {
  const swallow = middleware(async (_context, next) => next().catch(() => undefined))
  const hurry = middleware(async (_context, next) => {
    next()
  })
  const fail = async () => {
    throw deny('No')
  }
  const { url } = await openForTest(t, {
    swallowed: visitor.use(swallow).get('/swallowed', fail),
    hurried: visitor.use(hurry).get('/hurried', fail),
    fine: visitor.use(hurry).get('/fine', async () => 'fine'),
    both: visitor
      .use(
        middleware(async (_context, next) => {
          next()
          throw deny('Too late')
        }),
      )
      .get('/both', fail),
  })
  assert.equal((await fetch(`${url}/swallowed`)).status, 403)
  assert.equal((await fetch(`${url}/hurried`)).status, 403)
  assert.equal((await fetch(`${url}/both`)).status, 403)
  assert.equal(await (await fetch(`${url}/fine`)).text(), 'fine')
})

test('what two middlewares add by one name is what the inner one gave, over getters too', async (t) => {
  const adding = (word: string) => middleware<{ ip: string; word: string }>(async (_context, next) => next({ ip: word, word }))
  const { url } = await openForTest(t, {
    twice: visitor
      .use(adding('outer'))
      .use(adding('inner'))
      .get('/twice', ({ ip, word }) => ({ ip, word })),
  })
  assert.deepEqual(await (await fetch(`${url}/twice`)).json(), { ip: 'inner', word: 'inner' })
})

test('a second next() that nobody listens to is an error all the same', async (t) => {
  const twice = middleware(async (_context, next) => {
    next().catch(() => undefined)
    next()
    await next().catch(() => undefined)
  })
  const { url, entries } = await openForTest(t, { club: visitor.use(twice).get('/', () => 'in') })
  assert.equal((await fetch(url)).status, 500)
  assert.match(JSON.stringify(entries[0]?.facts), /called next\(\) twice/)
})

test('an answer waits for what goes on inside, whoever has not awaited it, and has its value', async (t) => {
  const gate = Promise.withResolvers<void>()
  const hurry = middleware(async (_context, next) => {
    next()
  })
  const steps: string[] = []
  const outer = middleware(async (_context, next) => {
    await next()
    steps.push('outer out')
  })
  const { url } = await openForTest(t, {
    club: visitor
      .use(outer)
      .use(hurry)
      .use(hurry)
      .get('/', async () => {
        await gate.promise
        steps.push('handler')
        return 'in'
      }),
  })
  const asked = fetch(url)
  setImmediate(gate.resolve)
  assert.equal(await (await asked).text(), 'in')
  assert.deepEqual(steps, ['handler', 'outer out'])
})

test('a failure inside that is heard late, or never, is not unhandled', async (t) => {
  const unhandled: unknown[] = []
  const note = (reason: unknown) => unhandled.push(reason)
  process.on('unhandledRejection', note)
  t.after(() => process.off('unhandledRejection', note))
  const late = middleware(async (_context, next) => {
    const inner = next()
    await new Promise(setImmediate)
    await inner
  })
  const instead = middleware(async (context, next) => {
    next()
    await new Promise(setImmediate)
    return exchangeOf(context).reply?.text('instead')
  })
  const fail = () => {
    throw deny('No')
  }
  const { url } = await openForTest(t, {
    late: visitor.use(late).use(late).get('/late', fail),
    instead: visitor
      .use(
        middleware(async (context, next) => {
          context.reply.header('X-Seen', 'yes')
          await next()
        }),
      )
      .use(instead)
      .use(late)
      .get('/instead', fail),
  })
  assert.equal((await fetch(`${url}/late`)).status, 403)
  const answer = await fetch(`${url}/instead`)
  assert.deepEqual([answer.status, await answer.text(), answer.headers.get('x-seen')], [200, 'instead', 'yes'])
  await new Promise(setImmediate)
  assert.deepEqual(unhandled, [])
})

test('a middleware that is no async function may throw, and give next() back', async (t) => {
  const plain = middleware((_context, next) => next())
  const throwing = middleware(() => {
    throw deny('Closed')
  })
  const { url } = await openForTest(t, {
    open: visitor
      .use(plain)
      .use(plain)
      .get('/open', () => 'in'),
    shut: visitor
      .use(plain)
      .use(throwing)
      .get('/shut', () => 'in'),
  })
  assert.equal(await (await fetch(`${url}/open`)).text(), 'in')
  assert.equal((await fetch(`${url}/shut`)).status, 403)
})
