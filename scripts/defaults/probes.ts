import { Agent, request } from 'node:http'
import { performance } from 'node:perf_hooks'
import { type Server, startServer } from './server.ts'

/** One default: what was found, and whether it is as it should be. */
export interface Finding {
  readonly title: string
  readonly found: string
  readonly isRight: boolean
}

/** One request, its connection closed after it. */
const ask = (line: string, head: readonly string[] = [], body = '') =>
  [
    `${line} HTTP/1.1`,
    ...(head.some((header) => header.startsWith('Host:')) ? [] : ['Host: localhost']),
    'Connection: close',
    ...(body === '' ? [] : [`Content-Length: ${Buffer.byteLength(body)}`]),
    ...head,
    '',
    body,
  ].join('\r\n')

const json = 'Content-Type: application/json'
const statusOf = (answer: string) => /^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1] ?? 'nothing'
const isWhere = (answer: string) => (answer === '' ? 'this machine' : 'all addresses')

/** The columns that other frameworks were measured by, in their order. */
export async function probeCommon(): Promise<readonly Finding[]> {
  await using development = await startServer('development')
  await using production = await startServer('production')
  const { raw } = production
  // of the addresses of this machine alone one that nobody means who says 127.0.0.1
  const inDevelopment = isWhere(await development.raw(ask('GET /hello'), '127.0.0.2'))
  const inProduction = isWhere(await raw(ask('GET /hello'), '127.0.0.2'))
  const binds = `${inDevelopment}; ${inProduction} in production`
  const failed = await raw(ask('GET /fail'))
  const hello = await raw(ask('GET /hello'))
  const large = statusOf(await raw(ask('POST /echo', [json], JSON.stringify({ value: 'x'.repeat(50_000_000) }))))
  const proto = statusOf(await raw(ask('POST /echo', [json], '{"value":{"__proto__":{"admin":true}}}')))
  const broken = statusOf(await raw(ask('POST /echo', [json], '{"value"')))
  const leaks = failed.includes('secret-detail') || /\.ts:\d/.test(failed)
  const error = `${statusOf(failed)} ${leaks ? 'leaks' : 'clean'}`
  const powered = /^x-powered-by:/im.test(hello) ? 'yes' : 'no'
  return [
    finding('listens on', binds, 'this machine; all addresses in production'),
    finding('`X-Powered-By`', powered, 'no'),
    finding('an error that is thrown', error, '500 clean'),
    finding('50 MB of JSON', large, '413'),
    finding('`{"__proto__": …}`', proto, '400'),
    finding('broken JSON', broken, '400'),
    ...(await probeDrain(production)),
  ]
}

/** A request that takes 1.5 seconds is under way on a kept connection when SIGTERM comes. */
async function probeDrain(server: Server): Promise<readonly Finding[]> {
  const answered = slowAnswer(server.port)
  await server.printed('SLOW')
  const began = performance.now()
  server.process.kill('SIGTERM')
  const status = await answered
  const code = await server.ended
  const seconds = (performance.now() - began) / 1000
  return [
    finding('a request under way at SIGTERM', status, '200'),
    {
      title: 'the end after SIGTERM',
      found: `${seconds.toFixed(1)} s${code === 0 ? '' : `, with ${code}`}`,
      // 1.5 of it are the request's own; who waited for a connection that is idle would wait for 10 more
      isRight: code === 0 && seconds < 10,
    },
  ]
}

function slowAnswer(port: number): Promise<string> {
  // that of Node would close it by itself, after five seconds
  const agent = new Agent({ keepAlive: true })
  return new Promise((resolve) => {
    const sent = request({ port, host: '127.0.0.1', path: '/slow', agent }, (response) => {
      response.resume().on('end', () => resolve(String(response.statusCode)))
    })
    sent.on('error', (error) => resolve('code' in error ? String(error.code) : error.message)).end()
  })
}

/** What Node lets through, and what browsers of others are used for. */
export async function probeRefusals(): Promise<readonly Finding[]> {
  await using development = await startServer('development')
  await using production = await startServer('production')
  const asked = async (title: string, bytes: string, wanted: string, server: Server = production) =>
    finding(title, statusOf(await server.raw(bytes)), wanted)
  const hello = await production.raw(ask('GET /hello', ['Origin: https://evil.example']))
  const headers = ['x-content-type-options: nosniff', 'x-frame-options: deny', 'referrer-policy: strict-origin-when-cross-origin']
  const missing = headers.filter((header) => !hello.toLowerCase().includes(header))
  return [
    await asked('two Host headers', ask('GET /hello', ['Host: a', 'Host: b']), '400'),
    await asked('a URL that disagrees with its Host', ask('GET http://evil.example/hello'), '400'),
    await asked('3,000 headers', ask('GET /hello', Array<string>(3000).fill('A: b')), '431'),
    await asked('a URL of 15 kB', ask(`GET /hello?${'x'.repeat(15_000)}`), '414'),
    await asked('a GET with a body', ask('GET /hello', [json], '{}'), '400'),
    await asked('chunks in HTTP/1.0', 'POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', '400'),
    await asked('a compressed body', ask('POST /echo', [json, 'Content-Encoding: gzip'], '{}'), '415'),
    await asked('JSON 200 levels deep', ask('POST /echo', [json], `{"value":${'['.repeat(200)}${']'.repeat(200)}}`), '400'),
    await asked(
      'a POST by a page of another site',
      ask('POST /echo', [json, 'Sec-Fetch-Site: cross-site'], '{"value":1}'),
      '403',
    ),
    await asked('a socket for a page of another site', upgrade('Origin: https://evil.example'), '403'),
    await asked(
      'a name that was pointed here (DNS rebinding), in development',
      ask('GET /hello', ['Host: evil.example']),
      '421',
      development,
    ),
    await asked('an answer for all that was refused here', ask('GET /hello'), '200'),
    finding('headers that browsers go by', missing.length === 0 ? 'set' : `without ${missing.join(', ')}`, 'set'),
    finding('answers for pages of other origins', /^access-control-/im.test(hello) ? 'readable' : 'not readable', 'not readable'),
  ]
}

function upgrade(head: string): string {
  const socket = ['Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Protocol: tapri.v1']
  const lines = ['GET /live HTTP/1.1', 'Host: localhost', 'Connection: Upgrade', 'Upgrade: websocket', ...socket, head]
  return `${lines.join('\r\n')}\r\n\r\n`
}

function finding(title: string, found: string, wanted: string): Finding {
  return { title, found, isRight: found === wanted }
}
