import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { openLog } from 'tapri/observe'
import { code, openVault, type Scene, secret, statuses } from './http-security.fixture.ts'

/** One known class of holes each: what must hold, and what is replayed to see whether it does. */
type Claim = readonly [claim: string, replay: (scene: Scene, t: TestContext) => Promise<void>]

const json = 'Content-Type: application/json'
const form = 'Content-Type: application/x-www-form-urlencoded'

const paths: readonly Claim[] = [
  [
    'no spelling of a path leads to a guarded handler past its guard (CVE-2025-69211, CVE-2026-2293, CVE-2026-39407)',
    async ({ ask, reached }) => {
      const names = [
        'admin',
        '%61dmin',
        'ADMIN',
        'admin;x',
        'admin%3b',
        'admin%00',
        'admin%20',
        'admin%09',
        'ａdmin',
        '%2561dmin',
      ]
      const between = ['/', '//', '/./', '/%2e/', '/x/../', '/x/%2e%2e/', '%2f', '%5c', '\\', '/;/', '/.;/']
      const ends = ['', '/', '//', '/.', '/..', ';', '%00', '%2f', '.json', '?', '?x=/api/door', '#', '#/api/door', '\\']
      const spelled = [
        ...names.map((name) => `/api/${name}/secrets`),
        ...between.flatMap((slash) => [
          `/api${slash}admin/secrets`,
          `/api/admin${slash}secrets`,
          `/api/door${slash}../admin/secrets`,
        ]),
        ...ends.map((end) => `/api/admin/secrets${end}`),
        ...ends.map((end) => `/api/admin/secrets/x${end}`),
        'http://localhost/api/admin/secrets',
        'http://localhost//api/admin/secrets',
        'http://localhost/api/door/../admin/secrets',
        'http://localhost?/api/admin/secrets',
      ]
      for (const path of spelled) {
        for (const method of ['GET', 'HEAD', 'POST']) {
          const answer = await ask(`${method} ${Buffer.from(path).toString('latin1')}`)
          assert.ok([400, 401, 403, 404, 405].includes(statuses(answer)[0] ?? 0), `${method} ${path}: ${answer}`)
          assert.doesNotMatch(answer, new RegExp(secret))
        }
      }
      for (const end of ['x%00', '%', '%zz', '%C3', '..', '%2e%2e', 'a\\b', 'a#b']) {
        assert.equal(code(await ask(`GET /api/admin/secrets/${end}`)), 'TAPRI_HTTP_PATH', end)
      }
      assert.deepEqual(reached(), [])
    },
  ],
  [
    'a mounted app sees the path that was judged: no reader of URLs makes another one of it (CVE-2026-33490, CVE-2026-44373)',
    async ({ ask, reached }) => {
      for (const path of [
        '/mounted/a\\..\\b',
        '/mounted/\\evil',
        '/mounted/a#b',
        '/mounted/../x',
        '/mounted/%2e%2e/x',
        '/mounted/%2e',
      ]) {
        assert.equal(code(await ask(`GET ${path}`)), 'TAPRI_HTTP_PATH', path)
      }
      for (const path of ['/mountedx', '/mounted;/x', '/%6dounted%2fx']) assert.equal(statuses(await ask(`GET ${path}`))[0], 404)
      assert.deepEqual(reached(), [])
      await ask('GET /mounted/..%2fx')
      await ask('GET /mounted//evil.example/x')
      assert.deepEqual(reached(), ['mounted /..%2fx', 'mounted //evil.example/x'])
    },
  ],
  [
    'headers of proxies and frameworks open nothing and change no address, method or path (CVE-2025-29927)',
    async ({ ask, reached }) => {
      const headers = [
        'X-Middleware-Subrequest: middleware:middleware:middleware:middleware:middleware',
        'X-Original-URL: /api/door',
        'X-Rewrite-URL: /api/door',
        'X-HTTP-Method-Override: POST',
        'X-Forwarded-For: 127.0.0.1',
        'X-Real-IP: 127.0.0.1',
        'Forwarded: for=127.0.0.1;host=localhost',
        'X-Forwarded-Host: localhost',
        'X-User-Id: 1',
        'X-Remote-User: admin',
        'Tapri-Session: x',
      ]
      for (const header of headers) assert.equal(code(await ask('GET /api/admin/secrets', [header])), 'TAPRI_APP_SIGN_IN', header)
      await ask('GET /api/door', headers.slice(3, 4))
      assert.deepEqual(reached(), ['door.open'])
      assert.match(
        await ask('GET /api/door/limited', ['X-Forwarded-For: 203.0.113.9', 'X-Real-IP: 203.0.113.9']),
        /"ip":"127\.0\.0\.1"/,
      )
    },
  ],
  [
    'nothing outside of a folder is served, nor what is hidden in it, however the way there is written',
    async ({ ask }) => {
      const ways = [
        '..',
        '%2e%2e',
        '..%2f',
        '..%5c',
        '%2e%2e%2f',
        '..\\',
        '....//',
        '%252e%252e%252f',
        '..%00/',
        '..;',
        '%c0%ae%c0%ae',
      ]
      for (const way of ways) {
        for (const path of [
          `/files/${way}/etc/passwd`,
          `/files/${way}${way}${way}/etc/passwd`,
          `/files${way}/.env`,
          `/files/x/${way}/.env`,
        ]) {
          const answer = await ask(`GET ${path}`)
          assert.ok([400, 404].includes(statuses(answer)[0] ?? 0), path)
          assert.doesNotMatch(answer, new RegExp(`root:|${secret}`))
        }
      }
      for (const name of ['.env', '%2eenv', '.env/', './.env', '.env%00.txt', 'page.txt%00', 'page.txt::$DATA', 'C:/page.txt']) {
        assert.ok([400, 404].includes(statuses(await ask(`GET /files/${name}`))[0] ?? 0), name)
      }
      assert.equal(statuses(await ask('GET /files/page.txt'))[0], 200)
    },
  ],
]

const inputs: readonly Claim[] = [
  [
    'a body of another type than it says, or whose type is only nearly right, is not read (CVE-2026-3419)',
    async ({ ask, reached }) => {
      const types = [
        'application/json garbage',
        'application/jsonx',
        'text/json',
        'application/json, text/plain',
        'application/json; charset=utf-7',
        'text/plain; application/json',
        'xapplication/json',
        'application/json\t;x',
        '',
      ]
      for (const type of types) {
        assert.equal(
          code(await ask('POST /api/door', [`Content-Type: ${type}`], '{"title":"a"}')),
          'TAPRI_HTTP_CONTENT_TYPE',
          type,
        )
      }
      assert.deepEqual(reached(), [])
    },
  ],
  [
    'no form ends the process: what multipart readers died of is refused, and the next request answered (CVE-2025-47935, CVE-2025-48997, CVE-2025-7338)',
    async ({ ask, reached }) => {
      const part = (head: string, body = 'x') => `--b\r\nContent-Disposition: form-data; ${head}\r\n\r\n${body}\r\n`
      const bodies = [
        '',
        '--b',
        '--b--',
        '--b\r\n\r\n',
        '--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n',
        part('name=""; filename=""'),
        `${part('name="photo"; filename=""')}--b--\r\n`,
        `${part('name="photo"; filename="no-extension"')}--b--\r\n`,
        `${part('name="photo"; filename="../../x.png"')}--b--\r\n`,
        `${part('name="__proto__"; filename="x.png"')}--b--\r\n`,
        `${part('name="__proto__"')}${part('name="title"')}--b--\r\n`,
        `${part('name="constructor[prototype][admin]"')}--b--\r\n`,
        `${part('name="title[a][b][c]"')}--b--\r\n`,
        `${part(`name="${'a'.repeat(20_000)}"`)}--b--\r\n`,
        `${part('name="x"').repeat(2000)}--b--\r\n`,
        `--b\r\n${'X-A: b\r\n'.repeat(3000)}\r\nx\r\n--b--\r\n`,
        part('name="title"').slice(0, -10),
      ]
      for (const body of bodies) {
        const answer = await ask('POST /api/door/photo', ['Content-Type: multipart/form-data; boundary=b'], body)
        const [status = 0] = statuses(answer)
        assert.ok(status >= 400 && status < 500, `${body.slice(0, 200)}\n${answer}`)
      }
      for (const type of [
        'multipart/form-data',
        'multipart/form-data; boundary=',
        'multipart/form-data; boundary="',
        `multipart/form-data; boundary=${'b'.repeat(300)}`,
      ]) {
        assert.match(await ask('POST /api/door/photo', [`Content-Type: ${type}`], part('name="title"')), /^HTTP\/1\.1 4/)
      }
      assert.deepEqual(reached(), [])
      assert.equal(statuses(await ask('GET /api/door'))[0], 200)
      assert.equal(Object.hasOwn(Object.prototype, 'admin'), false)
    },
  ],
  [
    'no key reaches a prototype, and no value is an operator, in JSON, queries and forms (CVE-2023-3696, CVE-2024-53900, CVE-2025-23061)',
    async ({ ask, reached }) => {
      const bodies = [
        '{"title":"a","__proto__":{"admin":true}}',
        '{"title":"a","\\u005f_proto__":{"admin":true}}',
        '{"title":"a","many":[{"__proto__":{"admin":true}}]}',
        '{"title":"a","constructor":{"prototype":{"admin":true}}}',
        '{"title":"a","\\u0063onstructor":{"prototype":{"admin":true}}}',
        '{"title":{"$ne":null}}',
        '{"title":{"$gt":""}}',
        '{"title":["a"]}',
        '{"title":"a","$where":"sleep(1000)"}',
        '{"title":"a","many":{"0":1,"length":1}}',
      ]
      for (const body of bodies) {
        for (const type of [json, 'Content-Type: application/vnd.tapri+json']) {
          assert.ok(['TAPRI_KIT_JSON', 'TAPRI_INVALID'].includes(code(await ask('POST /api/door', [type], body)) ?? ''), body)
        }
      }
      const pairs = [
        '__proto__=x',
        '__proto__[admin]=1',
        'constructor[prototype][admin]=1',
        'title[$ne]=1',
        'title=a&title=b',
        'title.x=1',
      ]
      for (const pair of pairs) assert.match(await ask('POST /api/door', [form], pair), /^HTTP\/1\.1 4/, pair)
      for (const pair of [...pairs.slice(0, 3), 'email[$ne]=1', 'email[]=1', 'email=a&email=b']) {
        assert.match(await ask(`GET /api/door/find?${pair}`), /^HTTP\/1\.1 4/, pair)
      }
      assert.match(await ask('GET /api/door', ['__proto__: x']), /^HTTP\/1\.1 400/)
      assert.match(await ask('GET /api/door', ['Cookie: __proto__=x; constructor=y; session[]=z']), /^HTTP\/1\.1 200/)
      assert.deepEqual(reached(), ['door.open'])
      assert.equal(Object.hasOwn(Object.prototype, 'admin'), false)
    },
  ],
  [
    'what is too long, too deep, too many or packed is refused before it costs anything',
    async ({ ask, raw, reached }) => {
      const growing = `POST /api/door HTTP/1.1\r\nHost: localhost\r\n${json}\r\nTransfer-Encoding: chunked\r\n\r\n`
      const deep = (depth: number) => `{"title":"a","many":${'['.repeat(depth)}${']'.repeat(depth)}}`
      const cases: readonly (readonly [string, Promise<string>])[] = [
        ['TAPRI_HTTP_URL_TOO_LONG', ask(`GET /api/door?${'x'.repeat(15_000)}`)],
        ['TAPRI_HTTP_HEADERS_TOO_LARGE', ask('GET /api/door', Array<string>(101).fill('A: b'))],
        ['TAPRI_HTTP_HEADERS_TOO_LARGE', ask('GET /api/door', Array<string>(3000).fill('A: b'))],
        ['TAPRI_HTTP_HEADERS_TOO_LARGE', ask('GET /api/door', [`A: a${' '.repeat(50_000)}b`])],
        ['TAPRI_HTTP_BODY', ask('GET /api/door', [json], '{}')],
        ['TAPRI_HTTP_TOO_LARGE', ask('POST /api/door', [json], JSON.stringify({ title: 'x'.repeat(1_100_000) }))],
        ['TAPRI_HTTP_TOO_LARGE', ask('POST /api/door', [json, 'Content-Length: 99999999999'])],
        ['TAPRI_HTTP_TOO_LARGE', raw(`${growing}110000\r\n${'x'.repeat(0x110000)}\r\n0\r\n\r\n`)],
        ['TAPRI_KIT_JSON', ask('POST /api/door', [json], deep(64))],
        ['TAPRI_KIT_JSON', ask('POST /api/door', [json], deep(200_000))],
        ['TAPRI_INVALID', ask('POST /api/door', [json], deep(60))],
        ['TAPRI_INVALID', ask('POST /api/door', [json], JSON.stringify({ title: 'a', many: Array(50_000).fill(1) }))],
        ['TAPRI_INVALID', ask('POST /api/door', [json], `{"title":"a","many":[1e400]}`)],
        ['TAPRI_INVALID', ask('POST /api/door', [json], `{"title":"a","many":[${'9'.repeat(100_000)}]}`)],
        ['TAPRI_HTTP_QUERY', ask('POST /api/door', [form], 'a=1&'.repeat(1001))],
        ['TAPRI_HTTP_CONTENT_TYPE', ask('POST /api/door', [json, 'Content-Encoding: gzip'], '{"title":"a"}')],
        ['TAPRI_HTTP_CONTENT_TYPE', ask('POST /api/door', [json, 'Content-Encoding: gzip, gzip, br'], '{"title":"a"}')],
      ]
      for (const [wanted, answer] of cases) assert.equal(code(await answer), wanted, (await answer).slice(0, 500))
      assert.deepEqual(reached(), [])
    },
  ],
  [
    'many ranges of one file are never more than the file (CVE-2011-3192)',
    async ({ ask }) => {
      const many = `bytes=${'0-,'.repeat(1300)}0-`
      for (const range of [many, 'bytes=0-1,5-9,3-7', 'bytes=0-0,-1', `bytes=${'9'.repeat(400)}-`, 'bytes=-0', 'bytes=5-2']) {
        const answer = await ask('GET /files/page.txt', [`Range: ${range}`])
        assert.match(answer, /^HTTP\/1\.1 (?:200|206|416) /)
        const [, size] = /^Content-Length: (\d+)\r$/im.exec(answer) ?? []
        if (answer.startsWith('HTTP/1.1 2')) assert.ok(Number(size) <= 2000, answer.slice(0, 500))
        assert.ok(answer.length < 3500, String(answer.length))
      }
    },
  ],
]

const outputs: readonly Claim[] = [
  [
    'no value that a caller gives splits an answer, adds a header, a cookie attribute or an event (CVE-2026-47675)',
    async ({ ask, reached }) => {
      for (const value of [
        'a%0d%0aSet-Cookie:%20a=b',
        'a%0aX-Forged:%20b',
        'a%0dX-Forged:%20b',
        'a%00b',
        '%E5%98%8A%E5%98%8DX-Forged:b',
      ]) {
        const answer = await ask(`GET /api/door/head?value=${value}`)
        assert.doesNotMatch(answer, /^(?:Set-Cookie|X-Forged):/im)
        assert.match(answer, /^HTTP\/1\.1 (?:400|500) /)
        assert.match(await ask(`GET /api/door/events?name=${value}`), /^HTTP\/1\.1 (?:400|500|200) (?![\s\S]*^X-Forged)/m)
      }
      const cookies = [
        ['a', 'b; Domain=evil.example', '/'],
        ['a', 'b\r\nX-Forged: c', '/'],
        ['a\r\nX-Forged: b', 'c', '/'],
        ['a; Domain=evil.example', 'b', '/'],
        ['a', 'b', '/; Domain=evil.example'],
        ['__Host-a', 'b', '/'],
      ]
      for (const [name, value, path] of cookies) {
        const answer = await ask('POST /api/door/cookie', [json], JSON.stringify({ name, value, path }))
        assert.doesNotMatch(answer, /^X-Forged|^Set-Cookie:.*; ?Domain=/im)
      }
      const told = await ask('GET /api/door/events?name=tick')
      assert.match(told, /event: tick\nid: 1\ndata: a\ndata: \ndata: event: forged\ndata: data: b\n\n/)
      reached()
    },
  ],
  [
    'a redirect leads to a path of ours, however the other host is written (CVE-2024-29041, CVE-2024-43796)',
    async ({ ask }) => {
      const elsewhere = [
        'https://evil.example',
        '//evil.example',
        '///evil.example',
        '/\\evil.example',
        '\\\\evil.example',
        '/\t/evil.example',
        '/\n/evil.example',
        '\t//evil.example',
        '/.//evil.example',
        '/%2e//evil.example',
        '/x/..//evil.example',
        'https:evil.example',
        'https:/evil.example',
        'javascript:alert(1)',
        'data:text/html,x',
        'https://localhost@evil.example',
        'https://localhost.evil.example',
        'https://evil.example#localhost',
        '@evil.example',
        ' //evil.example',
      ]
      for (const to of elsewhere) {
        const answer = await ask(`GET /api/door/go?to=${encodeURIComponent(to)}`)
        assert.equal(code(answer), 'TAPRI_HTTP_REDIRECT', `${to}: ${answer}`)
        assert.doesNotMatch(answer, /^Location:/im)
      }
      assert.match(
        await ask(`GET /api/door/go?to=${encodeURIComponent('/%5cevil.example')}`),
        /^Location: \/%5cevil\.example\r$/im,
      )
    },
  ],
  [
    'a host that is not ours is answered by no handler, and no header makes links lead to one (CVE-2025-24010)',
    async ({ ask, raw, reached, port }) => {
      for (const host of [
        'evil.example',
        'localhost.evil.example',
        'evil-localhost',
        'xtube.example',
        'sub.tube.example',
        'tube.example.',
        '[::2]',
        '10.0.0.1',
      ]) {
        const answer = await ask('GET /api/door', [`Host: ${host}`])
        assert.deepEqual([statuses(answer), code(answer)], [[421], 'TAPRI_HTTP_HOST'], host)
        assert.equal(
          code(await raw(`GET http://${host}/api/door HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)),
          'TAPRI_HTTP_HOST',
        )
        const upgrade = ['Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==']
        const opened = await raw(
          `GET /api/live HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\n${upgrade.join('\r\n')}\r\n\r\n`,
        )
        assert.equal(statuses(opened)[0], 421)
      }
      for (const host of ['a@localhost', 'localhost/x', 'localhost:x', 'local host', 'localhost?x', '']) {
        assert.equal(statuses(await ask('GET /api/door', [`Host: ${host}`]))[0], 400, host)
      }
      assert.deepEqual(reached(), [])
      for (const host of ['localhost', 'LOCALHOST:80', 'tube.example', `127.0.0.1:${port}`]) {
        assert.equal(statuses(await ask('GET /api/door', [`Host: ${host}`]))[0], 200, host)
      }
      const forwarded = [
        'X-Forwarded-Host: evil.example',
        'X-Forwarded-Proto: javascript',
        'Forwarded: host=evil.example',
        'X-Host: evil.example',
      ]
      for (const path of ['/openapi.json', '/api/door/go?to=/x', '/api/door', '/mounted']) {
        assert.doesNotMatch(await ask(`GET ${path}`, forwarded), /evil\.example/, path)
      }
    },
  ],
  [
    'an error tells its caller nothing, and its log neither password, token nor cookie',
    async (_scene, t) => {
      const lines: string[] = []
      const log = openLog({ format: 'json', level: 'debug', write: (line) => lines.push(line) })
      const { ask } = await openVault(t, { log, settings: { NODE_ENV: 'production' } })
      const token = `tapri_${'k3'.repeat(22)}`
      const body = JSON.stringify({ password: 'correct horse battery', note: 'fine' })
      const answer = await ask(
        'POST /api/door/fail',
        [json, `X-Token: ${token}`, `Cookie: theme=${token}`, 'X-Api-Key: key-of-the-house'],
        body,
      )
      assert.equal(code(answer), 'TAPRI_INTERNAL')
      assert.doesNotMatch(answer, /Cannot sign in|node_modules|\.ts:|horse|fixture/)
      const written = lines.join('\n')
      assert.match(written, /Cannot sign in/)
      for (const hidden of [token, 'correct horse battery', 'key-of-the-house']) assert.ok(!written.includes(hidden), hidden)
    },
  ],
]

const origins: readonly Claim[] = [
  [
    'a page of another site changes nothing, by any method, type of body or upgrade',
    async ({ ask, raw, reached }) => {
      const foreign = [
        ['Sec-Fetch-Site: cross-site'],
        ['Sec-Fetch-Site: same-site'],
        ['Sec-Fetch-Site: nonsense'],
        ['Sec-Fetch-Site: cross-site', 'Origin: http://localhost'],
        ['Origin: null'],
        ['Origin: https://evil.example'],
        ['Origin: http://localhost.evil.example'],
        ['Origin: http://evillocalhost'],
        ['Origin: http://localhost:1'],
        ['Origin: https://admin.example.evil.example'],
        ['Origin: http://admin.example'],
        ['Origin: file://'],
        ['Origin: http://localhost, https://evil.example'],
      ]
      const types = [json, form, 'Content-Type: text/plain', 'Content-Type: multipart/form-data; boundary=b']
      for (const head of foreign) {
        for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
          for (const type of types) {
            const answer = await ask(`${method} /api/door`, [...head, type], '{"title":"a"}')
            assert.equal(code(answer), 'TAPRI_HTTP_CROSS_SITE', `${method} ${head}: ${answer}`)
          }
          assert.equal(code(await ask(`${method} /mounted/x`, head)), 'TAPRI_HTTP_CROSS_SITE')
        }
        const upgrade = [
          'Upgrade: websocket',
          'Sec-WebSocket-Version: 13',
          'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
          ...head,
        ]
        const opened = await raw(
          `GET /api/live HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nSec-WebSocket-Protocol: tapri.v1\r\n${upgrade.join('\r\n')}\r\n\r\n`,
        )
        assert.equal(code(opened), 'TAPRI_LIVE_ORIGIN', opened)
      }
      assert.deepEqual(reached(), [])
      for (const head of [['Sec-Fetch-Site: same-origin'], ['Origin: http://localhost'], ['Origin: https://admin.example'], []]) {
        assert.equal(statuses(await ask('DELETE /api/door', head))[0], 200, String(head))
      }
    },
  ],
  [
    'a page that is not listed reads nothing: null, other schemes, prefixes and suffixes of listed origins',
    async ({ ask }) => {
      const foreign = [
        'null',
        'http://admin.example',
        'https://admin.example.evil.example',
        'https://evil-admin.example',
        'https://admin.example:444',
      ]
      for (const origin of [
        ...foreign,
        'https://ADMIN.example',
        'https://admin.example/',
        '*',
        'https://admin.example, https://evil.example',
      ]) {
        for (const answer of [
          await ask('GET /api/door', [`Origin: ${origin}`]),
          await ask('GET /api/nothing', [`Origin: ${origin}`]),
          await ask('OPTIONS /api/door', [`Origin: ${origin}`, 'Access-Control-Request-Method: PUT']),
        ]) {
          assert.doesNotMatch(answer, /^Access-Control-/im, origin)
        }
      }
      const answer = await ask('GET /api/door', ['Origin: https://admin.example'])
      assert.match(answer, /^Access-Control-Allow-Origin: https:\/\/admin\.example\r$/im)
      assert.match(answer, /^Vary: .*Origin/im)
    },
  ],
  [
    'one sender is one sender, however the address is written, and whatever the other half of an IPv6 one (CVE-2026-45364, CVE-2026-47674)',
    async (_scene, t) => {
      const { ask } = await openVault(t, { settings: { TRUST_PROXY: '1' } })
      const limited = async (from: string) => statuses(await ask('GET /api/door/limited', [`X-Forwarded-For: ${from}`]))[0]
      const groups = [
        ['2001:db8::1', '2001:0DB8:0:0::2', '2001:db8:0:0:ffff:ffff:ffff:ffff', '2001:db8::192.0.2.1'],
        ['192.0.2.9', '::ffff:192.0.2.9', '::ffff:c000:209', '0:0:0:0:0:ffff:192.0.2.9'],
        ['198.51.100.1', '1.1.1.1, 198.51.100.1', '203.0.113.5,198.51.100.1', '198.51.100.1:8080'],
      ]
      for (const group of groups) {
        const seen: unknown[] = []
        for (const from of group) seen.push(await limited(from))
        assert.deepEqual(seen, [200, 200, 200, 429], String(group))
      }
      assert.equal(await limited('2001:db8:0:1::1'), 200)
    },
  ],
  [
    'the live door is guarded as the front door is, and takes no more than it must (CVE-2026-30947)',
    async ({ port }, t) => {
      const socket = new WebSocket(`ws://localhost:${port}/api/live`, ['tapri.v1'])
      t.after(() => socket.close())
      await once(socket, 'open')
      const tell = async (frame: object | string) => {
        const answered = once(socket, 'message')
        socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame))
        const [{ data }] = await answered
        return String(data)
      }
      const told = async (frame: object | string) => code(await tell(frame))
      assert.match(await tell('{"type":"hello"}'), /welcome/)
      assert.equal(await told({ type: 'subscribe', id: 1, route: 'admin.secrets', input: {} }), 'TAPRI_APP_SIGN_IN')
      assert.equal(await told({ type: 'subscribe', id: 2, route: 'door.make', input: { title: 'a' } }), 'TAPRI_LIVE_ROUTE')
      assert.equal(await told({ type: 'subscribe', id: 3, route: '__proto__' }), 'TAPRI_LIVE_ROUTE')
      assert.equal(await told({ type: 'subscribe', id: 4, route: 'constructor' }), 'TAPRI_LIVE_ROUTE')
      assert.equal(
        await told('{"type":"subscribe","id":5,"route":"door.find","input":{"__proto__":{"email":"a"}}}'),
        'TAPRI_KIT_JSON',
      )
      // a value of the wire is a text for a query, whatever it was
      const operator = await tell({ type: 'subscribe', id: 6, route: 'door.find', input: { email: { $ne: null } } })
      assert.match(operator, /"email":"\{\\"\$ne\\":null\}"/)
      const closed = once(socket, 'close')
      socket.send('x'.repeat(1_000_000))
      assert.equal((await closed)[0].code, 1009)
    },
  ],
]

for (const [claim, replay] of [...paths, ...inputs, ...outputs, ...origins]) {
  test(claim, async (t) => replay(await openVault(t), t))
}

test('every answer carries the headers that browsers go by, also a refusal, a part, and what no handler saw', async (t) => {
  const { ask, raw } = await openVault(t)
  const tag = /^ETag: (.*)\r$/im.exec(await ask('GET /files/page.txt'))?.[1]
  const answers: Readonly<Record<string, string>> = {
    200: await ask('GET /api/door'),
    206: await ask('GET /files/page.txt', ['Range: bytes=0-9']),
    303: await ask('GET /api/door/go?to=/x'),
    304: await ask('GET /files/page.txt', [`If-None-Match: ${tag}`]),
    400: await raw('GARBAGE\r\n\r\n'),
    401: await ask('GET /api/admin/secrets'),
    404: await ask('GET /nothing'),
    405: await ask('DELETE /api/door/find'),
    413: await ask('POST /api/door', [json, 'Content-Length: 99999999999']),
    416: await ask('GET /files/page.txt', ['Range: bytes=9999-']),
    421: await ask('GET /api/door', ['Host: evil.example']),
    204: await ask('OPTIONS /api/door'),
  }
  for (const [status, answer] of Object.entries(answers)) {
    assert.equal(statuses(answer)[0], Number(status), answer)
    for (const header of [
      'X-Content-Type-Options: nosniff',
      'X-Frame-Options: DENY',
      'Referrer-Policy: strict-origin-when-cross-origin',
    ]) {
      assert.ok(answer.includes(`\r\n${header}\r\n`), `${status} without ${header}`)
    }
    assert.doesNotMatch(answer, /^(?:Server|X-Powered-By|Via):/im)
  }
})
