import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { type Service, service, startApp, tapri } from '../app/index.ts'
import { text } from '../data/index.ts'
import { type ManualClock, manualClock } from '../kit/clock.ts'
import { type LogEntry, openLog, silentLog } from '../observe/index.ts'
import { testApp } from './index.ts'

/** An app that has these services and nothing else, with what they write down. */
function appOf(...services: Service<string, unknown>[]) {
  return tapri({ models: {}, services }).app({ controllers: {}, policies: [] })
}

const folder = await mkdtemp(join(tmpdir(), 'tapri-services-'))
after(() => rm(folder, { recursive: true, force: true }))
const environment = { NODE_ENV: 'test', DATABASE_URL: 'sqlite::memory:', FILES_URL: `disk:${folder}` }
function start(made: ReturnType<typeof appOf>, options: { clock?: ManualClock; log?: typeof silentLog } = {}) {
  return startApp(made.description, { environment, file: null, log: silentLog, port: 0, ...options })
}

function noted(diary: string[], name: string, options: { uses?: Service<string, unknown>[] } = {}) {
  return service(
    name,
    () => {
      diary.push(`${name} starts`)
    },
    { ...options, dispose: () => void diary.push(`${name} ends`) },
  )
}

test('services start in the order of their use, whatever the order they are listed in, and end in reverse', async () => {
  const diary: string[] = []
  const queue = noted(diary, 'queue')
  const mailer = noted(diary, 'mailer', { uses: [queue] })
  const newsletter = noted(diary, 'newsletter', { uses: [mailer, queue] })
  const started = await start(appOf(newsletter, mailer, queue))
  await started.stop()
  assert.deepEqual(diary, ['queue starts', 'mailer starts', 'newsletter starts', 'newsletter ends', 'mailer ends', 'queue ends'])
})

test('when a service does not start, those that did are ended, and the error names it and keeps the cause', async () => {
  const diary: string[] = []
  const cause = new Error('nobody listens at mail.test')
  const queue = noted(diary, 'queue')
  const mailer = service('mailer', () => Promise.reject(cause), { uses: [queue] })
  const never = noted(diary, 'never', { uses: [mailer] })
  await assert.rejects(start(appOf(never, mailer, queue)), {
    code: 'TAPRI_APP_SERVICE',
    message: 'Cannot start the service "mailer": nobody listens at mail.test',
    cause,
  })
  assert.deepEqual(diary, ['queue starts', 'queue ends'])
})

test('when the work at the start fails, the services are ended', async () => {
  const diary: string[] = []
  const made = tapri({ models: {}, services: [noted(diary, 'queue')] }).app({
    controllers: {},
    policies: [],
    onStart: () => Promise.reject(new Error('no seed')),
  })
  await assert.rejects(start(made), { message: 'no seed' })
  assert.deepEqual(diary, ['queue starts', 'queue ends'])
})

test('a service that fails to end keeps no other from ending, and is told', async () => {
  const diary: string[] = []
  const stuck = service('stuck', () => 1, { dispose: () => Promise.reject(new Error('still sending')) })
  const last = noted(diary, 'last', { uses: [stuck] })
  const started = await start(appOf(noted(diary, 'queue'), stuck, last))
  await assert.rejects(started.stop(), { code: 'TAPRI_APP_SERVICE', message: 'Cannot end the service "stuck": still sending' })
  assert.deepEqual(diary, ['queue starts', 'last starts', 'last ends', 'queue ends'])
})

test('when several fail to end, all of it is told', async () => {
  const failing = (name: string) => service(name, () => 1, { dispose: () => Promise.reject(new Error(`no ${name}`)) })
  const started = await start(appOf(failing('one'), failing('two')))
  await assert.rejects(started.stop(), { name: 'AggregateError', message: /"two": no two; .*"one": no one/ })
})

test('a service that does not come up in 30 seconds is given up, and ended when it comes up after all', async () => {
  const clock = manualClock()
  const { promise: connected, resolve: connect } = Promise.withResolvers<string>()
  const { promise: ended, resolve: end } = Promise.withResolvers<string>()
  const slow = service(
    'slow',
    () => {
      queueMicrotask(() => clock.advance(30_000))
      return connected
    },
    { dispose: end },
  )
  await assert.rejects(start(appOf(slow), { clock }), {
    code: 'TAPRI_APP_SERVICE',
    message: /"slow": it took more than 30 seconds/,
  })
  connect('at last')
  assert.equal(await ended, 'at last')
})

test('a service that does not end in 10 seconds is left behind', async () => {
  const clock = manualClock()
  const endless = service('endless', () => 1, {
    dispose: () => {
      queueMicrotask(() => clock.advance(10_000))
      return new Promise(() => {})
    },
  })
  const started = await start(appOf(endless), { clock })
  await assert.rejects(started.stop(), { message: 'Cannot end the service "endless": it took more than 10 seconds' })
})

test('what says itself how it is disposed of needs no `dispose`', async () => {
  const diary: string[] = []
  const soon = service('soon', () => ({ [Symbol.dispose]: () => void diary.push('soon ends') }))
  const later = service('later', () => ({ [Symbol.asyncDispose]: async () => void diary.push('later ends') }))
  const started = await start(appOf(soon, later))
  await started.stop()
  assert.deepEqual(diary, ['later ends', 'soon ends'])
})

test('services that use each other are named with the whole ring', async () => {
  const uses: Service<string, unknown>[] = []
  const first = service('first', () => 1, { uses })
  const second = service('second', () => 2, { uses: [first] })
  uses.push(second)
  await assert.rejects(start(appOf(first, second)), {
    code: 'TAPRI_APP_RING',
    message: /^Cannot start: service "first" uses service "second" uses service "first"; /,
  })
})

test('a service that is used and not in the app is named', async () => {
  const queue = service('queue', () => 1)
  const mailer = service('mailer', () => 2, { uses: [queue] })
  await assert.rejects(start(appOf(mailer)), {
    code: 'TAPRI_APP_MISSING',
    message: 'Cannot start: service "mailer" uses service "queue", which is not in the app; list it under `services`',
  })
})

test('what a service needs of the settings is told with the rest of the report', async () => {
  const mailer = service('mailer', () => 1, { settings: { MAIL_FROM: text() } })
  await assert.rejects(start(appOf(mailer)), { code: 'TAPRI_CONFIG_INVALID', message: /MAIL_FROM/ })
})

test('the log of a service names it', async () => {
  const entries: LogEntry[] = []
  const log = openLog({ format: 'silent', level: 'info' })
  log.subscribe((entry) => entries.push(entry))
  const talking = service('talking', (context) => context.log.event('mail.connected', {}))
  const started = await start(appOf(talking), { log })
  await started.stop()
  assert.ok(entries.some((entry) => JSON.stringify(entry).includes('"service":"talking"')))
})

interface Mailer {
  send(to: string): string
}
const mailer = service('mailer', ({ settings }): Mailer => ({ send: (to) => `${settings.MAIL_FROM} wrote to ${to}` }), {
  settings: { MAIL_FROM: text() },
})
const newsletter = service('newsletter', ({ services }) => ({ publish: () => services.mailer.send('everybody') }), {
  uses: [mailer],
})
const club = tapri({ models: {}, services: [mailer, newsletter] })
const clubApp = club.app({
  controllers: {
    letters: club.controller('/letters', { publish: club.visitor.post('/', ({ services }) => services.newsletter.publish()) }),
  },
  policies: [],
})

test('a handler and a test find the services by name', async () => {
  await using running = await testApp(clubApp, { settings: { MAIL_FROM: 'club' } })
  assert.equal(await running.guest.letters.publish(), 'club wrote to everybody')
  assert.equal(running.services.mailer.send('ann'), 'club wrote to ann')
})

test('a test puts another service in place of one, for handlers and services alike; it is not started nor are its settings asked for', async () => {
  const sent: string[] = []
  const fake: Mailer = { send: (to) => `${sent.push(to)} sent` }
  await using running = await testApp(clubApp, { services: { mailer: fake } })
  assert.equal(await running.guest.letters.publish(), '1 sent')
  assert.deepEqual(sent, ['everybody'])
})

test('what stands in for a service is the caller’s to end', async () => {
  const ends: string[] = []
  const fake = { send: () => '', [Symbol.dispose]: () => void ends.push('fake') }
  const running = await testApp(clubApp, { services: { mailer: fake } })
  await running[Symbol.asyncDispose]()
  assert.deepEqual(ends, [])
})

test('a service that is not there cannot be replaced', async () => {
  const options = { environment: { ...environment, MAIL_FROM: 'club' }, file: null, log: silentLog, port: 0 }
  await assert.rejects(startApp(clubApp.description, { ...options, services: { mailr: {} } }), {
    code: 'TAPRI_APP_MISSING',
    message: 'Cannot replace the service "mailr": the app has "mailer", "newsletter"',
  })
  // @ts-expect-error the compiler says so first, and what stands in must be such a service
  await assert.rejects(testApp(clubApp, { services: { mailer: { send: 1 }, mailr: {} } }), { code: 'TAPRI_APP_MISSING' })
})
