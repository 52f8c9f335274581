import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openForTest, visitor } from './open.fixture.ts'

const routes = { hello: visitor.get('/hello', () => 'hello') }
const ask = (host: string) => `GET /hello HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`

test('a server that lists its hosts answers for those, for its public one, and for the address that it is reached at', async (t) => {
  const { raw } = await openForTest(t, routes, {
    hosts: ['tube.example', '*.video.example'],
    publicUrl: 'https://www.tube.example',
  })
  for (const host of [
    'tube.example',
    'TUBE.example:8080',
    'a.video.example',
    'a.b.video.example',
    'www.tube.example',
    '127.0.0.1:3000',
  ]) {
    assert.match(await raw(ask(host)), /^HTTP\/1\.1 200 /, host)
  }
  for (const host of [
    'evil.example',
    'video.example',
    'xvideo.example',
    'tube.example.evil.example',
    'tube.example.',
    '127.0.0.2',
    '[::1]',
  ]) {
    assert.match(await raw(ask(host)), /^HTTP\/1\.1 421 [\s\S]*TAPRI_HTTP_HOST/, host)
  }
  assert.match(await raw('GET /hello HTTP/1.0\r\n\r\n'), /^HTTP\/1\.1 200 /)
})

test('a server that lists none answers for every host', async (t) => {
  const { raw } = await openForTest(t, routes)
  assert.match(await raw(ask('anything.example')), /^HTTP\/1\.1 200 /)
})

test('what is no name of a host is refused at start', async (t) => {
  for (const host of ['https://tube.example', 'tube.example/a', 'tube.example:80', '*', '*.', '', 'a b', '.tube.example']) {
    await assert.rejects(openForTest(t, routes, { hosts: [host] }), { code: 'TAPRI_HTTP_HOSTS' }, host)
  }
})
