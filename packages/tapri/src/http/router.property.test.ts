import assert from 'node:assert/strict'
import { Agent, request as send } from 'node:http'
import { test } from 'node:test'
import fc from 'fast-check'
import { int } from '../schema/index.ts'
import type { HttpContext } from './context.ts'
import { middleware } from './kit.ts'
import { openForTest } from './open.fixture.ts'
import { type Expected, naiveMatch, requests, type TableRoute, tables } from './router.fixture.ts'
import { Router } from './router.ts'
import type { Method, ServedRoute } from './types.ts'

test('the router answers every path as a matcher does that tries all routes one by one', () => {
  const seen = new Map<string, number>()
  fc.assert(
    fc.property(tables, fc.array(requests, { minLength: 1, maxLength: 20 }), (table, asked) => {
      const router = new Router<TableRoute>()
      for (const route of table) router.add(route.method, route.path, route)
      for (const { method, path } of asked) {
        const expected = naiveMatch(table, method, path)
        seen.set(expected.kind, (seen.get(expected.kind) ?? 0) + 1)
        assert.deepEqual(foundBy(router, method, path), expected, `${method} ${path}`)
      }
    }),
    // what the tables and paths meet is counted below: the same each time
    { numRuns: 2000, seed: 20_260_101 },
  )
  // tables and paths that never meet would prove nothing
  for (const kind of ['route', 'method', 'none', 'refused']) assert.ok((seen.get(kind) ?? 0) > 1000, `${kind}: ${seen.get(kind)}`)
})

function foundBy(router: Router<TableRoute>, method: string, path: string): Expected {
  try {
    const match = router.find(method, path)
    if (match === undefined) {
      const methods = router.methodsOf(path)
      return methods.length === 0 ? { kind: 'none' } : { kind: 'method', methods: methods.sort() }
    }
    const names = [...match.value.path.matchAll(/[:*](\w+)/g)].map(([, name = '']) => name)
    const params = Object.fromEntries(names.map((name, index) => [name, match.texts[index] ?? '']))
    return { kind: 'route', route: match.value, params }
  } catch (error) {
    assert.equal(Reflect.get(Object(error), 'code'), 'TAPRI_HTTP_PATH')
    return { kind: 'refused' }
  }
}

test('a running server answers as the matcher says, however the target is written, and middleware sees what the handler sees', async (t) => {
  const agent = new Agent({ keepAlive: true })
  t.after(() => agent.destroy())
  await fc.assert(
    fc.asyncProperty(tables, fc.array(requests, { minLength: 5, maxLength: 25 }), async (table, asked) => {
      const tried = await openForTest(t, {}, { routes: served(table) })
      for (const { method, path } of asked) {
        const expected = answerOf(table, method, path)
        for (const target of [path, `${path}?x=/a/b`, `${tried.url}${path}`]) {
          const answer = await ask(tried.url, agent, method, target)
          assert.deepEqual(answer, expected, `${method} ${target} of ${JSON.stringify(table)}`)
        }
        if (method !== 'GET') continue
        const head = await ask(tried.url, agent, 'HEAD', path)
        assert.equal(head.status, expected.status, `HEAD ${path}`)
      }
      await tried.http.stop(0)
    }),
    { numRuns: 100 },
  )
})

interface Answered {
  readonly status: number
  readonly allow: readonly string[] | undefined
  /** What the middleware in front of the handler took the request for. */
  readonly guard: string | undefined
  readonly body: string | undefined
}

// Every second route has typed parameters
const isTyped = (table: readonly TableRoute[], route: TableRoute) => table.indexOf(route) % 2 === 1

function answerOf(table: readonly TableRoute[], method: string, path: string): Answered {
  const expected = naiveMatch(table, method, path)
  const silent = { allow: undefined, guard: undefined, body: undefined }
  if (expected.kind === 'refused') return { ...silent, status: 400 }
  if (expected.kind === 'none') return { ...silent, status: 404 }
  if (expected.kind === 'method') {
    const methods = expected.methods.flatMap((each) => (each === 'GET' ? ['GET', 'HEAD'] : [each]))
    return { ...silent, status: 405, allow: [...methods, 'OPTIONS'].sort() }
  }
  const { route, params } = expected
  const texts = Object.entries(params)
  if (!isTyped(table, route)) return { ...silent, status: 200, ...told(route.path, params) }
  // a route whose parameters do not fit is still the route: no other one is tried
  if (!texts.every(([, text]) => /^-?\d{1,16}$/.test(text) && Number.isSafeInteger(Number(text))))
    return { ...silent, status: 422 }
  return {
    ...silent,
    status: 200,
    ...told(route.path, Object.fromEntries(texts.map(([name, text]) => [name, Number(text) || 0]))),
  }
}

function told(path: string, params: unknown): Pick<Answered, 'guard' | 'body'> {
  const body = JSON.stringify({ path, params })
  return { body, guard: encodeURIComponent(body) }
}

function served(table: readonly TableRoute[]): readonly ServedRoute[] {
  const guard = middleware(async ({ route, params, reply }: HttpContext, next) => {
    reply.header('X-Guard', encodeURIComponent(JSON.stringify({ path: route.path, params })))
    await next()
  })
  return table.map((route, index) => {
    const names = [...route.path.matchAll(/[:*](\w+)/g)].map(([, name = '']) => name)
    return {
      name: `things.route${index}`,
      method: methodOf(route),
      path: route.path,
      access: 'visitor',
      spec: isTyped(table, route) ? { params: Object.fromEntries(names.map((name) => [name, int()])) } : {},
      middleware: [guard.run],
      handler: ({ params }: HttpContext) => ({ path: route.path, params }),
    }
  })
}

function methodOf({ method }: TableRoute): Method {
  const methods: readonly Method[] = ['get', 'post', 'put', 'patch', 'delete']
  return methods.find((each) => each.toUpperCase() === method) ?? 'get'
}

function ask(url: string, agent: Agent, method: string, path: string): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url)
    const request = send({ hostname, port, method, path, agent }, async (response) => {
      let text = ''
      for await (const chunk of response.setEncoding('utf8')) text += chunk
      const { allow: allowed, 'x-guard': guard } = response.headers
      const allow = allowed?.split(', ').sort()
      const body = response.statusCode === 200 && method !== 'HEAD' ? text : undefined
      resolve({ status: response.statusCode ?? 0, allow, guard: typeof guard === 'string' ? guard : undefined, body })
    })
    request.on('error', reject).end()
  })
}
