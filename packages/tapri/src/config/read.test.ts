import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { after, test } from 'node:test'
import { TapriError } from '../kit/errors.ts'
import {
  bool,
  type Fields,
  float,
  int,
  json,
  list,
  oneOf,
  optional,
  private as privately,
  text,
  time,
  url,
} from '../schema/index.ts'
import { frameworkSettings, readSettings } from './index.ts'

const folder = mkdtempSync(join(tmpdir(), 'tapri-config-'))
after(() => rmSync(folder, { recursive: true }))
let files = 0

function dotEnv(content: string | Buffer): string {
  const file = join(folder, `${files++}.env`)
  writeFileSync(file, content)
  return file
}

function report(fields: Fields, options: { env?: Record<string, string>; content?: string | Buffer }): string {
  const file = dotEnv(options.content ?? '')
  try {
    readSettings(fields, { env: options.env ?? {}, file })
  } catch (error) {
    assert.ok(error instanceof TapriError)
    assert.equal(error.code, 'TAPRI_CONFIG_INVALID')
    return error.message.replaceAll(file, '.env')
  }
  return assert.fail('nothing was wrong')
}

test('settings come typed from the file, and the environment wins', () => {
  const fields = {
    NAME: text(),
    PORT: int({ default: 3000 }),
    RATIO: float(),
    FAST: bool({ default: false }),
    HOSTS: list(text()),
    THEME: json<{ dark: boolean }>(),
    SITE: optional(url()),
    NOTE: optional(text()),
    SINCE: time(),
  }
  const content = `# comment\nNAME="two words"\nPORT=1\nexport RATIO=0.5 # half\nFAST=true\nHOSTS=a, b\nTHEME='{"dark":true}'\nSINCE=2026-01-01T00:00:00Z\n`
  const settings = readSettings(fields, { env: { PORT: '8080', SITE: 'https://a.example', PATH: '/bin' }, file: dotEnv(content) })
  assert.deepEqual(settings, {
    NAME: 'two words',
    PORT: 8080,
    RATIO: 0.5,
    FAST: true,
    HOSTS: ['a', 'b'],
    THEME: { dark: true },
    SITE: 'https://a.example/',
    NOTE: null,
    SINCE: new Date('2026-01-01T00:00:00Z'),
  })
  const port: number = settings.PORT
  assert.equal(port, 8080)
})

test('without a file the environment and the defaults are enough', () => {
  assert.deepEqual(readSettings({ PORT: int({ default: 3000 }) }, { env: {}, file: join(folder, 'absent.env') }), { PORT: 3000 })
})

test('an empty value counts as absent, in both places', () => {
  const file = dotEnv('PORT=\nNOTE=""\n')
  const fields = { PORT: int({ default: 3000 }), NOTE: optional(text()) }
  assert.deepEqual(readSettings(fields, { env: { PORT: ' ' }, file }), { PORT: 3000, NOTE: null })
  assert.deepEqual(readSettings(fields, { env: { PORT: '' }, file: dotEnv('PORT=5') }), { PORT: 5, NOTE: null })
})

test('a line that is neither comment nor assignment is told by its number, and not quoted', () => {
  for (const line of [
    'PORT 3000',
    'hunter2-secret',
    '= 5',
    '1PORT=3',
    ': x',
    'PO RT=3',
    '-----BEGIN KEY-----',
    '"A"=1',
    'A\0=1',
  ]) {
    const message = report({ PORT: int({ default: 1 }) }, { content: `# first\n\n${line}\nPORT=2\n` })
    assert.equal(message, 'Cannot read the settings: one thing is wrong\n  .env line 3 is neither a comment (# …) nor NAME=value')
  }
})

test('a quote that is never closed is told by its line', () => {
  const message = report({ NAME: text({ default: 'x' }) }, { content: 'A_B=1\nNAME="abc\nPORT=3\n' })
  assert.match(message, /\.env line 2 opens a quote that is never closed/)
})

test('a file in the wrong encoding is refused rather than half read', () => {
  assert.match(report({ PORT: int() }, { content: Buffer.from('PORT=1\n', 'utf16le') }), /\.env line 1 is neither/)
})

test('a byte order mark, Windows line ends and values over several lines are read', () => {
  const file = dotEnv('\ufeffPORT=1\r\nKEY="-----BEGIN\r\nabc=\r\n-----END"\r\nNAME=x\r\n')
  const settings = readSettings({ PORT: int(), KEY: text(), NAME: text() }, { env: {}, file })
  assert.deepEqual(settings, { PORT: 1, KEY: '-----BEGIN\nabc=\n-----END', NAME: 'x' })
})

test('a missing setting is told with what it must be', () => {
  assert.match(
    report({ SECRET: text({ min: 32 }) }, {}),
    /^ {2}SECRET is missing: set it to text of 32 to 10000 characters, in the environment or in \.env$/m,
  )
})

test('an invalid setting is told with its value, its place and what it must be', () => {
  const fields = {
    PORT: frameworkSettings.PORT,
    LOG_LEVEL: frameworkSettings.LOG_LEVEL,
    SITE: url(),
    FAST: bool(),
    THEME: json(),
  }
  const message = report(fields, {
    env: { LOG_LEVEL: 'loud', FAST: 'maybe', THEME: '{broken' },
    content: '\nPORT=99999\nSITE=example\n',
  })
  assert.deepEqual(message.split('\n'), [
    'Cannot read the settings: 5 things are wrong',
    '  PORT is "99999" in .env line 2: it must be a whole number from 0 to 65535',
    '  LOG_LEVEL is "loud" in the environment: it must be one of "debug", "info", "warn", "error"',
    '  SITE is "example" in .env line 3: it must be an absolute http or https URL',
    '  FAST is "maybe" in the environment: it must be true or false',
    '  THEME is "{broken" in the environment: it must be JSON',
  ])
})

test('an unknown name in the file is told with the one that was probably meant', () => {
  const message = report(frameworkSettings, { content: 'PRT=1\nDATABSE_URL=x\nport=3\nAPPLE=1\nNODE_OPTIONS=x\nVITE_API=x\n' })
  assert.deepEqual(message.split('\n').slice(1), [
    '  PRT in .env line 1 is not a known setting: did you mean PORT?',
    '  DATABSE_URL in .env line 2 is not a known setting: did you mean DATABASE_URL?',
    '  port in .env line 3 is not a known setting: did you mean PORT?',
    '  APPLE in .env line 4 is not a known setting: take it out, or add it to the settings of the app',
  ])
})

test('unknown names in the environment are none of our business', () => {
  assert.deepEqual(readSettings({}, { env: { PRT: '1' }, file: dotEnv('') }), {})
})

test('everything that is wrong is told in one report', () => {
  const message = report(
    { PORT: int({ min: 1 }), SECRET: text(), MODE: oneOf(['a', 'b']) },
    { env: { PORT: '0' }, content: 'MODE=c\noops\nMOD=a\n' },
  )
  assert.equal(message.split('\n').length, 6)
  for (const part of ['5 things are wrong', 'line 2 is neither', 'PORT is "0"', 'SECRET is missing', 'MODE is "c"', 'MOD in'])
    assert.ok(message.includes(part), part)
})

test('values of secrets are never shown, however they are wrong', () => {
  const value = 'hunter2'
  const names = ['SESSION_SECRET', 'DB_PASSWORD', 'STRIPE_KEY', 'API_TOKEN', 'MAIL_PASS', 'AWS_ACCESS_KEY_ID', 'SMTP_DSN']
  const fields = Object.fromEntries(names.map((name) => [name, text({ min: 32 })]))
  const message = report(
    { ...fields, PLAIN: privately(int()), CODE_PIN: int({ max: 3 }) },
    {
      env: Object.fromEntries(names.map((name) => [name, value])),
      content: `PLAIN=${value}\nCODE_PIN=4711\nUNKNOWN_NAME=${value}\n${value}\n`,
    },
  )
  assert.equal(message.includes(value), false)
  assert.equal(message.includes('4711'), false)
  assert.match(message, /SESSION_SECRET is set in the environment: it must be text of 32 to 10000 characters/)
})

test('the password inside a URL is not shown either', () => {
  const message = report({ DATABASE: int() }, { env: { DATABASE: 'postgres://app:hunter2@host/db' } })
  assert.equal(message.includes('hunter2'), false)
  assert.match(message, /postgres:\/\/app:\[redacted\]@host\/db/)
})

test('a settings file that is a folder or may not be read is one clear sentence', () => {
  const place = join(folder, 'folder.env')
  mkdirSync(place)
  assert.throws(() => readSettings({}, { env: {}, file: place }), {
    code: 'TAPRI_CONFIG_FILE',
    message: `Cannot read the settings file "${place}": it is a folder`,
  })
  const locked = dotEnv('A=1')
  chmodSync(locked, 0)
  // root may read everything, so there is nothing to refuse
  if (process.getuid?.() === 0) return
  assert.throws(() => readSettings({}, { env: {}, file: locked }), { message: /permission denied$/ })
})

test('the framework runs without any setting, on this machine alone until it is production', () => {
  const development = readSettings(frameworkSettings, { env: {}, file: dotEnv('') })
  assert.deepEqual(development, {
    PORT: 3000,
    HOST: '127.0.0.1',
    DATABASE_URL: 'sqlite:data/app.db',
    FILES_URL: 'disk:data/files',
    CACHE_URL: 'memory:',
    BUS_URL: null,
    LOG_LEVEL: 'info',
    LOG_FORMAT: null,
    PUBLIC_URL: null,
    APP_SECRET: null,
    TLS_KEY: null,
    TLS_CERT: null,
    TRUST_PROXY: 0,
    NODE_ENV: 'development',
  })
  assert.equal(readSettings(frameworkSettings, { env: { NODE_ENV: 'production' }, file: dotEnv('') }).HOST, '0.0.0.0')
  assert.equal(readSettings(frameworkSettings, { env: { NODE_ENV: 'production', HOST: '::1' }, file: dotEnv('') }).HOST, '::1')
})

test('a report about a file named from the working directory says which directory that is', () => {
  const file = dotEnv('PORT=abc')
  const fields = { PORT: int({ default: 3000 }) }
  const wrong = new RegExp(`^TapriError: Cannot read the settings in ${RegExp.escape(process.cwd())}: one thing is wrong\\n`)
  assert.throws(() => readSettings(fields, { env: {}, file: relative(process.cwd(), file) }), wrong)
  assert.throws(() => readSettings(fields, { env: { PORT: 'abc' }, file: 'nowhere.env' }), /settings: one thing is wrong\n/)
})
