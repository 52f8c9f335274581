import assert from 'node:assert/strict'
import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { test } from 'node:test'
import { sessionCookie } from './cookie.ts'

function request(headers: Record<string, string>, encrypted = false): IncomingMessage {
  const message = new IncomingMessage(encrypted ? Object.assign(new Socket(), { encrypted: true }) : new Socket())
  Object.assign(message.headers, headers)
  return message
}

test('the cookie is __Host- and Secure wherever the browser may keep it so', () => {
  for (const secure of [
    sessionCookie(request({ host: 'tube.example' }), { production: true }),
    sessionCookie(request({ host: '192.168.1.5:3000' }), { production: true }),
    sessionCookie(request({}), { production: true }),
    sessionCookie(request({ host: 'localhost.evil.example' }), { production: true }),
    sessionCookie(request({ host: 'localhost:3000' }, true), { production: false }),
    sessionCookie(request({ host: '127.0.0.1:3000', 'x-forwarded-proto': 'https' }), { production: true }),
    sessionCookie(request({ host: 'localhost', 'x-forwarded-proto': 'https, http' }), { production: false }),
    sessionCookie(request({ host: 'localhost' }), { production: false, publicUrl: 'https://tube.example' }),
  ]) {
    assert.deepEqual(secure, { name: '__Host-session', secure: true })
  }
})

test('it is plain for http in development, and for this machine itself in production', () => {
  for (const host of ['localhost:3000', 'LOCALHOST', 'tube.localhost:3000', '127.0.0.1', '127.8.9.1:80', '[::1]:3000']) {
    assert.deepEqual(sessionCookie(request({ host }), { production: true }), { name: 'session', secure: false }, host)
  }
  assert.equal(sessionCookie(request({ host: '192.168.1.5' }), { production: false }).secure, false)
  assert.equal(sessionCookie(request({ host: 'a', 'x-forwarded-proto': 'http' }), { production: false }).secure, false)
})
