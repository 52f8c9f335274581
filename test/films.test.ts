import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { tapri } from 'tapri'
import { belongsTo, email, id, model, optional, pick, stream, text, video } from 'tapri/data'
import { silentLog } from 'tapri/observe'
import { testApp } from 'tapri/test'

const isThere = spawnSync('ffmpeg', ['-version']).status === 0
const skip = !isThere && 'ffmpeg is not installed: apt-get install ffmpeg'

const users = model({ name: text(), email: email({ unique: true }), live: stream() })
const films = model({ title: text(), film: optional(video({ maxSize: '20mb', heights: [90] })), owner: belongsTo('users') })
const kit = tapri({ models: { users, films } })
const { controller, member, policy, visitor } = kit

const app = kit.app({
  controllers: {
    films: controller('/films', {
      one: visitor.get('/:id', { params: { id: id('films') } }, ({ db, params }) => db.films.get(params.id)),
      create: member.post('/', { body: pick(films, 'title', 'film') }, ({ db, body, user }) =>
        db.films.create({ ...body, owner: user.id }),
      ),
      caption: member.post(
        '/:id/captions',
        { params: { id: id('films') }, body: { text: text() } },
        async ({ db, params, body, files }) => {
          const { film } = await db.films.get(params.id)
          if (film !== null) await files.addCaptions(film, { language: 'en', label: 'English', text: body.text })
        },
      ),
    }),
    channel: controller('/channel', {
      shown: visitor.get('/', ({ db }) => db.users.first()),
      push: member.post('/push', async ({ files, user }) => ({
        url: await files.newPushUrl({ model: 'users', id: user.id, field: 'live' }),
      })),
    }),
  },
  policies: [policy('users', { read: () => true }), policy('films', { read: () => true, create: ({ user }) => user !== null })],
})

let folder = ''
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tapri-films-test-'))
  if (!isThere) return
  const inputs = ['-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=25:duration=8', '-f', 'lavfi', '-i', 'sine=duration=8']
  spawnSync('ffmpeg', [
    '-v',
    'error',
    ...inputs,
    '-c:v',
    'libx264',
    '-g',
    '50',
    '-pix_fmt',
    'yuv420p',
    '-c:a',
    'aac',
    join(folder, 'kites.mp4'),
  ])
})
after(() => rm(folder, { recursive: true, force: true }))

test('whoever follows a film sees it become ready, and plays it', { skip }, async () => {
  await using club = await testApp(app, { log: silentLog, films: 1 })
  const ann = await club.signUp('ann@club.test')
  const bytes = await readFile(join(folder, 'kites.mp4'))
  const { id } = await ann.films.create({ title: 'Kites', film: new File([bytes], 'kites.mp4', { type: 'video/mp4' }) })
  const states: string[] = []
  const { promise, resolve } = Promise.withResolvers<string>()
  const stop = club.guest.films.one.live({ id }, ({ film }) => {
    const state = film?.processing.state ?? 'none'
    if (states.at(-1) !== state) states.push(state)
    if (state === 'ready') resolve(film?.stream ?? '')
  })
  const playlist = await promise
  stop()
  assert.equal(states.at(-1), 'ready')
  await ann.films.caption({ id, text: 'WEBVTT\n\n00:00.000 --> 00:02.000\nKites' })
  const answer = await fetch(new URL(playlist, club.url))
  assert.equal(answer.headers.get('content-type'), 'application/vnd.apple.mpegurl')
  assert.match(await answer.text(), /TYPE=SUBTITLES[\s\S]*RESOLUTION=160x90/)
  assert.equal(await complaintsOf(['-i', new URL(playlist, club.url).href, '-f', 'null', '-']), '')
})

test('a channel is live for those who follow it while ffmpeg pushes to the URL that its owner got', { skip }, async () => {
  await using club = await testApp(app, { log: silentLog, films: 1 })
  const ann = await club.signUp('ann@club.test')
  const { url } = await ann.channel.push()
  const ended = Promise.withResolvers<string>()
  const states: string[] = []
  const stop = club.guest.channel.shown.live({}, (channel) => {
    const state = channel?.live?.state ?? 'off'
    if (states.at(-1) !== state) states.push(state)
    if (state === 'ended') ended.resolve(channel?.live?.stream ?? '')
  })
  const target = new URL(url, club.url).href
  assert.equal(await complaintsOf(['-readrate', '4', '-i', join(folder, 'kites.mp4'), '-c', 'copy', '-f', 'mpegts', target]), '')
  const playlist = await ended.promise
  stop()
  assert.deepEqual(states, ['off', 'live', 'ended'])
  assert.equal(await complaintsOf(['-i', new URL(playlist, club.url).href, '-f', 'null', '-']), '')
})

async function complaintsOf(args: readonly string[]): Promise<string> {
  const child = spawn('ffmpeg', ['-nostdin', '-v', 'error', ...args], { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.on('data', (part) => {
    said += part
  })
  await once(child, 'close')
  return said
}
