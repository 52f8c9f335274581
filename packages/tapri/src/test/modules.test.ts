import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { listRoutes, planMigration, service, startApp, tapri } from '../app/index.ts'
import { model, text } from '../data/index.ts'
import { silentLog } from '../observe/index.ts'
import { testApp } from './index.ts'
import { app, diary, studio } from './studio.fixture.ts'

const settings = { POST_HOST: 'post.test' }
beforeEach(() => {
  diary.length = 0
})

test('an app of modules is one app to its clients, its database and its members', async () => {
  await using club = await testApp(app, { settings })
  const ann = await club.signUp('ann@club.test')
  const invitation = await ann.invitations.create({ code: 'kites' })
  const { video, told } = await ann.videos.create({ title: 'Kites', invitation: invitation.id })
  assert.equal(told, 'sent to ann@club.test by post.test')
  assert.deepEqual(
    (await club.guest.videos.list()).map(({ title, author }) => [title, author.name]),
    [['Kites', 'ann']],
  )
  assert.equal(await club.guest.videos.author({ email: 'ann@club.test' }), 'ann')
  assert.equal(await club.guest.invitations.left(), 2)
  assert.equal(await club.guest.door.open(), 'open')
  assert.equal((await club.db.videos.get(video.id)).plays, 0)
  await assert.rejects(club.guest.invitations.mine(), { code: 'TAPRI_APP_SIGN_IN' })
})

test('a module sees its own models and services and what the modules it uses export, also at run time', async () => {
  await using club = await testApp(app, { settings })
  assert.deepEqual(await club.guest.videos.sight(), {
    db: ['users', 'videos'],
    system: ['users', 'videos'],
    services: ['directory'],
    settings: [],
  })
  assert.deepEqual(await club.guest.videos.within(), ['users', 'videos'])
  await assert.rejects(club.guest.videos.pry({ as: 'with' }), { code: 'TAPRI_DATA_QUERY', message: /no relation "invitation"/ })
  await assert.rejects(club.guest.videos.pry({ as: 'where' }), { code: 'TAPRI_DATA_QUERY', message: /"invitation"/ })
})

test('a row that goes takes with it the rows of modules that its own does not see', async () => {
  await using club = await testApp(app, { settings })
  const ann = await club.signUp('ann@club.test')
  const invitation = await ann.invitations.create({ code: 'kites' })
  await ann.videos.create({ title: 'Kites', invitation: invitation.id })
  await ann.videos.leave()
  assert.deepEqual([await club.db.invitations.count(), await club.db.videos.count(), await club.db.users.count()], [0, 0, 0])
})

test('a GET of a module is followed live', async () => {
  await using club = await testApp(app, { settings })
  const ann = await club.signUp('ann@club.test')
  const seen: string[][] = []
  const stop = club.guest.videos.list.live({}, (rows) => seen.push(rows.map(({ title }) => title)))
  const invitation = await ann.invitations.create({ code: 'kites' })
  await ann.videos.create({ title: 'Kites', invitation: invitation.id })
  stop()
  assert.deepEqual(seen.at(-1), ['Kites'])
})

test('a live answer changes with what a service has read for it', async () => {
  await using club = await testApp(app, { settings })
  await club.signUp('ann@club.test')
  const seen: string[] = []
  const stop = club.guest.videos.author.live({ email: 'ann@club.test' }, (name) => seen.push(name))
  await club.settled()
  const ann = await club.db.users.first({ where: { email: 'ann@club.test' } })
  assert.ok(ann !== null)
  await club.db.users.update(ann.id, { name: 'Ann the second' })
  await club.settled()
  stop()
  assert.deepEqual(seen, ['ann', 'Ann the second'])
})

test('middleware sees what its own kit sees, whatever it runs around', async () => {
  await using club = await testApp(app, { settings })
  const around = await fetch(`${club.url}/studio/videos`)
  assert.equal(around.headers.get('x-sees'), 'users directory')
  assert.equal(around.headers.get('x-studio'), '0')
  const own = await fetch(`${club.url}/door`)
  assert.equal(own.headers.get('x-sees'), 'users directory')
  assert.equal(own.headers.get('x-studio'), null)
})

test('middleware of another part of the app knows who calls, and what middleware outside of it has added', async () => {
  await using club = await testApp(app, { settings })
  await club.signUp('ann@club.test')
  const headers = { authorization: `Bearer ${await club.token('ann@club.test')}` }
  for (const path of ['/studio/videos', '/door', '/auth/me']) {
    const answer = await fetch(`${club.url}${path}`, { headers })
    assert.equal(answer.headers.get('x-knows'), 'stamped ann', path)
  }
})

test('routes are listed with the prefix and the middleware of their module', () => {
  const lines = listRoutes(app.description)
  const line = (wanted: string) => lines.find(({ name }) => name === wanted)
  assert.deepEqual(
    [line('videos.list')?.path, line('videos.list')?.middleware],
    ['/api/studio/videos', ['stamping', 'watching', 'counting']],
  )
  assert.deepEqual(
    [line('invitations.left')?.path, line('invitations.left')?.middleware],
    ['/api/invitations/left', ['stamping', 'watching', 'inviting']],
  )
})

test('an app starts from the ground up, each part after those that it uses, and stops in reverse', async () => {
  const club = await testApp(app, { settings })
  assert.deepEqual(diary.splice(0), [
    'post starts at post.test',
    'directory starts with 0 users',
    'accounts opens with 3, directory,post',
    'studio opens with users,videos',
    'the app opens with users',
  ])
  await club[Symbol.asyncDispose]()
  assert.deepEqual(diary, ['directory ends', 'post ends'])
})

const one = tapri({ models: { notes: model({ text: text() }) }, settings: { SIZE: text() } })
const notes = one.module({ name: 'notes', policies: [one.policy('notes', {})] })
const start = (made: { readonly description: Parameters<typeof startApp>[0] }) =>
  startApp(made.description, { environment: { NODE_ENV: 'test', DATABASE_URL: 'sqlite::memory:' }, file: null, log: silentLog })
const clashes = [
  {
    what: 'module',
    app: () =>
      tapri({ models: {} }).app({
        modules: [notes, tapri({ models: {} }).module({ name: 'notes' })],
        controllers: {},
        policies: [],
      }),
  },
  {
    what: 'model',
    app: () => tapri({ models: { notes: model({ text: text() }) } }).app({ modules: [notes], controllers: {}, policies: [] }),
  },
  {
    what: 'setting',
    app: () =>
      tapri({ models: {}, settings: { SIZE: text({ max: 3 }) } }).app({ modules: [notes], controllers: {}, policies: [] }),
  },
  {
    what: 'service',
    app: () =>
      tapri({ models: {}, services: [service('notes', () => 1), service('notes', () => 2)] }).app({
        controllers: {},
        policies: [],
      }),
  },
  {
    what: 'controller',
    app: () => {
      const kit = tapri({ models: {} })
      const door = kit.controller('/door', {})
      return kit.app({ modules: [kit.module({ name: 'doors', controllers: { door } })], controllers: { door }, policies: [] })
    },
  },
]
for (const clash of clashes) {
  test(`two ${clash.what}s of one name are told at the start`, async () => {
    await assert.rejects(planMigration(clash.app().description), { code: 'TAPRI_APP_NAME_TWICE' })
    await assert.rejects(start(clash.app()), {
      code: 'TAPRI_APP_NAME_TWICE',
      message: new RegExp(`two ${clash.what}s are called`),
    })
  })
}

test('a module that is used and not in the app is named', async () => {
  const made = tapri({ models: {} }).app({ modules: [studio], controllers: {}, policies: [] })
  await assert.rejects(start(made), {
    code: 'TAPRI_APP_MISSING',
    message: 'Cannot start: module "studio" uses module "accounts", which is not in the app; list it under `modules`',
  })
})

test('a route made from the kit of a module that is not in the app is named', async () => {
  const kit = tapri({ models: {} })
  const stray = kit.controller('/stray', { look: one.visitor.get('/', ({ db }) => db.notes.find()) })
  await assert.rejects(start(kit.app({ controllers: { stray }, policies: [] })), {
    code: 'TAPRI_APP_MISSING',
    message: /the route "stray.look"/,
  })
})

test('modules that use each other are named with the whole ring', async () => {
  const uses: (typeof notes)[] = []
  const first = tapri({ models: {}, uses }).module({ name: 'first' })
  const second = tapri({ models: {}, uses: [first] }).module({ name: 'second' })
  Object.assign(uses, [second])
  await assert.rejects(start(tapri({ models: {} }).app({ modules: [first, second], controllers: {}, policies: [] })), {
    code: 'TAPRI_APP_RING',
    message: /^Cannot start: module "first" uses module "second" uses module "first"; /,
  })
})

test('a service that its module does not see cannot be used by its services', async () => {
  const kept = service('kept', () => 'kept')
  const keeper = tapri({ models: {}, services: [kept] }).module({ name: 'keeper' })
  const prying = tapri({ models: {}, services: [service('prying', () => 1, { uses: [kept] })], uses: [keeper] })
  await assert.rejects(start(prying.app({ modules: [keeper], controllers: {}, policies: [] })), {
    code: 'TAPRI_APP_MISSING',
    message: /service "prying" uses service "kept" of module "keeper", which the app does not see; export it there/,
  })
})

test('a service works on models that its part sees, and on no others', async () => {
  const hidden = { notes: model({ text: text() }) }
  const prying = tapri({
    models: {},
    services: [service('prying', ({ db }) => db.notes.count(), { models: hidden })],
    uses: [notes],
  })
  await assert.rejects(start(prying.app({ modules: [notes], controllers: {}, policies: [] })), {
    code: 'TAPRI_APP_MISSING',
    message: /service "prying" works on the model "notes", which the app does not see/,
  })
})
