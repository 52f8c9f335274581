import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { openLog } from './index.ts'
import { redactor } from './redact.ts'

/** Everything that each kind of log writes of one entry. */
function written(write: (log: ReturnType<typeof openLog>) => void, secrets: string[] = []): string {
  const lines: string[] = []
  for (const format of ['json', 'pretty'] as const) {
    write(openLog({ format, level: 'debug', secrets, write: (line) => lines.push(line) }))
  }
  return lines.join('\n')
}

const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789']
const secret = fc.string({ unit: fc.constantFrom(...letters), minLength: 16, maxLength: 60 })
const secretName = fc.constantFrom(
  'password',
  'newPassword',
  'PASSWORD',
  'token',
  'accessToken',
  'refresh_token',
  'tokenHash',
  'client-secret',
  'Authorization',
  'proxy-authorization',
  'cookie',
  'Set-Cookie',
  'x-api-key',
  'apiKey',
  'private_key',
  'credentials',
  'auth',
)
const harmlessName = fc.constantFrom('user', 'body', 'headers', 'list', 'error', 'a b', '0')

/** Buries a value: under names, in lists, maps and errors' facts. */
const burial = fc.array(fc.tuple(fc.constantFrom('object', 'list', 'map', 'error', 'cause'), harmlessName), { maxLength: 4 })
function bury(value: unknown, path: readonly (readonly [string, string])[]): unknown {
  return path.reduce<unknown>((inner, [kind, name]) => {
    if (kind === 'list') return [1, inner]
    if (kind === 'map') return new Map([[name, inner]])
    if (kind === 'error') return Object.assign(new Error('outer'), { [name === 'error' ? 'facts' : name]: inner })
    if (kind === 'cause') return new Error('outer', { cause: inner })
    return { [name]: inner }
  }, value)
}

test('a value under a secret name is never written, wherever it is', () => {
  fc.assert(
    fc.property(secret, secretName, burial, (hidden, name, path) => {
      for (const value of [hidden, { inner: hidden }, [hidden], Buffer.from(hidden).toString()]) {
        const output = written((log) => {
          log.error('Failed', { at: bury({ [name]: value }, path) })
          log.with({ [name]: value }).debug('Failed', { raw: [name, hidden, 'host', 'x'] })
        })
        assert.equal(output.includes(hidden), false)
      }
    }),
  )
})

test('a token or credential inside a text is never written, wherever it is', () => {
  const forms: ((text: string) => string)[] = [
    (text) => `tapri_${text.padEnd(24, 'x')}`,
    (text) => `Bearer ${text}`,
    (text) => `authorization: bearer  ${text}.${text}`,
    (text) => `Basic ${Buffer.from(`user:${text}`).toString('base64')}`,
    (text) => `postgres://app:${text}@host:5432/db`,
    (text) => `https://:p@${text}@host/`,
    (text) => `?page=1&access_token=${text}&x=1`,
    (text) => `{"password":"${text}","a":1}`,
    (text) => `{"password": "${text}`,
    (text) => JSON.stringify(JSON.stringify({ password: text })),
    (text) => `password='${text} ${text}'`,
    (text) => `cookie=${text}; path=/`,
  ]
  fc.assert(
    fc.property(secret, fc.constantFrom(...forms), fc.string(), fc.string(), burial, (hidden, form, before, after, path) => {
      const text = `${before} ${form(hidden)} ${after}`
      const basic = Buffer.from(`user:${hidden}`).toString('base64')
      const output = written((log) => {
        log.error(text, { text: bury(text, path), error: new Error(text), [text]: 1 })
        log.event(text, { cause: new Error('a', { cause: new Error(text) }), url: text })
      })
      assert.equal(output.includes(hidden), false, output)
      assert.equal(output.includes(basic), false, output)
    }),
  )
})

test('a text that was named a secret is never written, wherever it is and whatever it is made of', () => {
  const text = fc.string({ unit: 'binary', minLength: 8, maxLength: 40 }).filter((hidden) => !'[redacted]'.includes(hidden))
  fc.assert(
    fc.property(text, fc.string(), burial, (hidden, around, path) => {
      const output = written(
        (log) => log.error(`${around}${hidden}${around}`, { at: bury(around + hidden, path), [hidden]: new Error(hidden) }),
        [hidden],
      )
      assert.equal(output.includes(hidden), false)
      assert.equal(output.includes(JSON.stringify(hidden).slice(1, -1)), false)
    }),
  )
})

test('a secret that holds another goes whole, and a number can be one', () => {
  const redact = redactor(['abcd', 'abcdefgh', 'abc'])
  assert.equal(redact.text('x abcdefgh abcd abc'), 'x [redacted] [redacted] abc')
  assert.equal(written((log) => log.info('n', { code: 12345678 }), ['12345678']).includes('12345678'), false)
})

test('ordinary words stay as they are', () => {
  const redact = redactor()
  for (const text of [
    'Cannot read the JSON: unexpected token < at 3',
    'basic training for 12 members',
    'http://localhost:3000/videos?page=2',
    'user@example.com signed in',
    'a bearer is wrong',
    '12:30:45',
    'create table tapri_sessions, add index tapri_videoComments_author to videoComments',
  ]) {
    assert.equal(redact.text(text), text)
  }
  assert.deepEqual(
    ['title', 'key', 'author', 'session', 'passenger', 'status', 'compass'].filter((name) => redact.key(name)),
    [],
  )
})

test('true, false and null stay readable under a secret name', () => {
  const output = written((log) => log.info('a', { password: null, hasToken: true }))
  assert.match(output, /"password":null,"hasToken":true/)
})

test('a secret name is one wherever it stands in a name, and what has no name stays', () => {
  const redact = redactor()
  const cases = [
    ['x.dbPassword_of_the_main_database_of_all=abc rest', 'x.dbPassword_of_the_main_database_of_all=[redacted] rest'],
    ['a="token=abc" b=c', 'a="token=[redacted]" b=c'],
    ['token secret= "two words" title="x"', 'token secret= [redacted] title="x"'],
    ['"api-key" : "a\\"b", "name": "c"', '"api-key" : [redacted], "name": "c"'],
    ['the token is =', 'the token is ='],
    ['ftp://me:p@ss@host and //a:b@c', 'ftp://me:[redacted]@host and //a:b@c'],
    ['http://localhost:3000/a@b', 'http://localhost:3000/a@b'],
  ]
  for (const [text = '', clean] of cases) assert.equal(redact.text(text), clean)
})
