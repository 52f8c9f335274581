import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Router } from './router.ts'

function routerOf(...paths: string[]): Router<string> {
  const router = new Router<string>()
  for (const path of paths) router.add('GET', path, path)
  return router
}
const code = (name: string) => (error: unknown) => error instanceof Error && 'code' in error && error.code === name

test('a path leads to its route, with the texts of its parameters in order', () => {
  const router = routerOf('/', '/videos', '/videos/:id', '/videos/:id/comments/:comment', '/files/*path')
  const found = (path: string) => {
    const match = router.find('GET', path)
    return match && [match.value, ...match.texts]
  }
  assert.deepEqual(found('/'), ['/'])
  assert.deepEqual(found('/videos'), ['/videos'])
  assert.deepEqual(found('/videos/7'), ['/videos/:id', '7'])
  assert.deepEqual(found('/videos/7/comments/9'), ['/videos/:id/comments/:comment', '7', '9'])
  assert.deepEqual(found('/files/a/b.txt'), ['/files/*path', 'a/b.txt'])
  assert.equal(found('/videos/7/comments'), undefined)
  assert.equal(router.find('POST', '/videos'), undefined)
})

test('a static segment wins over a parameter and a parameter over a rest, whatever the order', () => {
  const router = routerOf('/*rest', '/:id', '/new', '/new/:tab')
  assert.equal(router.find('GET', '/new')?.value, '/new')
  assert.equal(router.find('GET', '/old')?.value, '/:id')
  assert.equal(router.find('GET', '/old/x')?.value, '/*rest')
  assert.deepEqual(router.find('GET', '/new/x/y'), { value: '/*rest', texts: ['new/x/y'] })
})

test('there is one canonical form of a path', () => {
  const router = routerOf('/json', '/users/:id', '/a/b', '/rest/*path')
  const value = (path: string) => router.find('GET', path)?.value
  assert.equal(value('/%6Ason'), '/json')
  assert.equal(value('/json/'), undefined)
  assert.equal(value('//json'), undefined)
  assert.equal(value('/JSON'), undefined)
  assert.equal(value('/json;x=1'), undefined)
  assert.equal(value('/users/'), undefined)
  assert.deepEqual(router.find('GET', '/users/a%2Fb')?.texts, ['a/b'])
  assert.deepEqual(router.find('GET', '/users/%E0%A4%95')?.texts, ['क'])
  assert.deepEqual(router.find('GET', '/users/%252F')?.texts, ['%2F'])
  assert.equal(value('/a%2Fb'), undefined)
  assert.equal(value('/rest/a//b'), undefined)
  assert.equal(value('/rest/a%2Fb'), undefined)
  assert.equal(value('/rest/..%2F..%2Fetc'), undefined)
})

test('a path that two readers could read differently is refused', () => {
  const router = routerOf('/users/:id', '/x')
  for (const path of ['/users/a\\b', '/users/a#b', '/x#', '/\\x']) {
    assert.throws(() => router.find('GET', path), code('TAPRI_HTTP_PATH'), path)
  }
  for (const path of ['/users/%', '/users/%zz', '/users/%C3', '/users/%00', '/y/../x', '/./x', '/users/%2e%2E', '/users/.']) {
    assert.throws(() => router.find('GET', path), code('TAPRI_HTTP_PATH'), path)
  }
})

test('two routes of one method and path are refused, whatever their parameters are called', () => {
  assert.throws(() => routerOf('/videos/:id', '/videos/:video'), code('TAPRI_HTTP_ROUTE_TWICE'))
  assert.throws(() => routerOf('/a', '/a'), code('TAPRI_HTTP_ROUTE_TWICE'))
  assert.throws(() => routerOf('/a/*one', '/a/*other'), code('TAPRI_HTTP_ROUTE_TWICE'))
})

test('a path that could never be asked for is refused', () => {
  for (const path of [
    '',
    'a',
    '/a/',
    '//a',
    '/a//b',
    '/:',
    '/:a.json',
    '/*',
    '/*a/b',
    '/a b',
    '/a%20b',
    '/:a/:a',
    '/..',
    '/:__proto__',
  ]) {
    assert.throws(() => routerOf(path), code('TAPRI_HTTP_ROUTE'), path)
  }
})

test('a thousand parameters deep path costs no more than the routes there are', () => {
  const router = routerOf('/:a/:b/:c', '/a/:b/c', '/:a/b/c/*rest')
  assert.equal(router.find('GET', '/a'.repeat(4000))?.value, undefined)
})
