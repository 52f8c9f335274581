import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { manualClock, systemClock } from '../../kit/clock.ts'
import { playable, withoutFfmpeg } from './films.fixture.ts'
import { inputArgs, probe } from './probe.ts'
import { runProgram } from './programs.ts'

const skip = withoutFfmpeg
const programs = { ffmpeg: 'ffmpeg', ffprobe: 'ffprobe' }
const tools = () => ({ programs, clock: systemClock, signal: new AbortController().signal })

let folder = ''
let asked = 0
const server = createServer((_, response) => {
  asked++
  response.end()
})
let url = ''

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tapri-hostile-'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  await writeFile(join(folder, 'secret.txt'), 'the secret')
  if (withoutFfmpeg === false) await writeFile(join(folder, 'other.mp4'), Buffer.from(await playable().arrayBuffer()))
})
after(async () => {
  server.close()
  await rm(folder, { recursive: true, force: true })
})

test('a file that names other files or URLs is no film, whatever it is called', { skip }, async () => {
  const other = join(folder, 'other.mp4')
  const hostile = {
    'playlist.mp4': `#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:6,\n${other}\n#EXT-X-ENDLIST\n`,
    'remote.mp4': `#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:6,\n${url}a.ts\n#EXT-X-ENDLIST\n`,
    'concat.mp4': `ffconcat version 1.0\nfile '${other}'\n`,
    'dash.mp4': `<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period><AdaptationSet><Representation id="1"><BaseURL>${url}</BaseURL></Representation></AdaptationSet></Period></MPD>`,
    'session.mp4': `v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n`,
    'words.mp4': 'only words',
    'none.mp4': '',
  }
  for (const [name, content] of Object.entries(hostile)) {
    const path = join(folder, name)
    await writeFile(path, content)
    await assert.rejects(probe(path, tools()), { code: 'TAPRI_FILES_FILM' }, name)
    const args = ['-nostdin', '-v', 'error', ...inputArgs(path), '-f', 'null', '-']
    await assert.rejects(runProgram('ffmpeg', args, { clock: systemClock, idle: 20_000 }), { code: 'TAPRI_FILES_FILM' }, name)
  }
  assert.equal(asked, 0)
})

test('a program that stands still, says too much or is asked to end is ended', {
  skip: process.platform !== 'linux' && 'needs sleep and yes',
}, async () => {
  const clock = manualClock()
  const stalled = runProgram('sleep', ['600'], { clock, idle: 1000 })
  clock.advance(1000)
  await assert.rejects(stalled, /stood still for 1 seconds/)
  await assert.rejects(runProgram('yes', [], { clock, idle: 1000 }), /says more/)
  const abort = new AbortController()
  const ended = runProgram('sleep', ['600'], { clock, idle: 1000, signal: abort.signal })
  abort.abort(new Error('no more'))
  await assert.rejects(ended, /no more/)
})

test('a program sees nothing of the environment but where programs are', {
  skip: process.platform !== 'linux' && 'needs env',
}, async () => {
  process.env.TAPRI_TEST_SECRET = 'the secret'
  const said = await runProgram('env', [], { clock: systemClock, idle: 10_000 })
  delete process.env.TAPRI_TEST_SECRET
  assert.deepEqual(
    said
      .trim()
      .split('\n')
      .map((line) => line.split('=')[0]),
    ['PATH'],
  )
})
