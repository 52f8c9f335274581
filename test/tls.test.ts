import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { startApp, tapri } from 'tapri'
import { type LogEntry, openLog } from 'tapri/observe'
import { selfSigned, withoutOpenssl } from '../packages/tapri/src/http/adapters/certificate.fixture.ts'

const kit = tapri({ models: {} })
const hello = kit.controller('/hello', { get: kit.visitor.get('/', () => 'hello') })
const { description } = kit.app({ controllers: { hello }, policies: [], http: { http2: true } })
const folder = mkdtempSync(join(tmpdir(), 'tapri-app-tls-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const memory = { DATABASE_URL: 'sqlite::memory:', FILES_URL: `disk:${folder}`, NODE_ENV: 'test' }
const options = { port: 0, host: '127.0.0.1', file: null }

test('an app whose settings name a key and a certificate speaks TLS, and HTTP/2 when it asks for it', {
  skip: withoutOpenssl,
}, async (t) => {
  const { key, cert, ca } = selfSigned(t)
  const environment = { ...memory, TLS_KEY: key, TLS_CERT: cert }
  const log = openLog({ format: 'silent' })
  const started = await startApp(description, { ...options, environment, log })
  t.after(() => started.stop())
  assert.match(started.apiUrl, /^https:/)
  const session = connect(started.url, { ca })
  t.after(() => session.destroy())
  const stream = session.request({ ':path': '/api/hello' })
  const [headers] = await once(stream, 'response')
  assert.equal(headers[':status'], 200)
  stream.resume()
  await once(stream, 'end')
})

test('a key without a certificate is refused at start', async () => {
  const log = openLog({ format: 'silent' })
  await assert.rejects(startApp(description, { ...options, log, environment: { ...memory, TLS_KEY: 'key.pem' } }), {
    code: 'TAPRI_HTTP_TLS',
    message: 'Cannot serve over TLS: TLS_KEY is set and TLS_CERT is not; set both, or neither',
  })
})

test('HTTP/2 without TLS is HTTP/1.1, and the log says so', async (t) => {
  const log = openLog({ format: 'silent' })
  const entries: LogEntry[] = []
  log.subscribe((entry) => entries.push(entry))
  const started = await startApp(description, { ...options, log, environment: memory })
  t.after(() => started.stop())
  assert.equal(await (await fetch(`${started.apiUrl}/hello`)).text(), 'hello')
  assert.ok(entries.some(({ message }) => message === 'Speaking HTTP/1.1 alone: HTTP/2 comes with TLS, set TLS_KEY and TLS_CERT'))
})
