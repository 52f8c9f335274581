import assert from 'node:assert/strict'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { systemClock } from '../../kit/clock.ts'
import { filmed, filmedPath, withoutFfmpeg } from './films.fixture.ts'
import { probe } from './probe.ts'

let folder = ''
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tapri-probe-'))
})
after(() => rm(folder, { recursive: true, force: true }))

/** Looks at a film of which ffprobe says this. */
async function look(stream: object): Promise<[number | undefined, number | undefined]> {
  const ffprobe = join(folder, 'ffprobe')
  const said = { streams: [{ index: 0, codec_type: 'video', codec_name: 'h264', ...stream }], format: { duration: '2' } }
  await writeFile(ffprobe, `#!/bin/sh\ncat <<'END'\n${JSON.stringify(said)}\nEND\n`)
  await chmod(ffprobe, 0o755)
  const tools = { programs: { ffmpeg: 'ffmpeg', ffprobe }, clock: systemClock, signal: new AbortController().signal }
  const { picture } = await probe(join(folder, 'film.mp4'), tools)
  return [picture?.width, picture?.height]
}

const skip = process.platform === 'win32' && 'needs a shell'

test('a film is as wide as its pixels are, and refused where that makes it larger than any film may be', { skip }, async () => {
  assert.deepEqual(await look({ width: 720, height: 576, sample_aspect_ratio: '16:11' }), [1047, 576])
  assert.deepEqual(await look({ width: 8192, height: 4320, sample_aspect_ratio: '1:1' }), [8192, 4320])
  assert.deepEqual(await look({ width: 8192, height: 2160, sample_aspect_ratio: '2:1' }), [16_384, 2160])
  const upright = { side_data_list: [{ rotation: 90 }] }
  const tooMany = /are shown at \S+ x \d+ pixels, which are more than those of 8192 x 4320/
  for (const turned of [{}, upright]) {
    for (const [width, height, aspect] of [
      [8192, 4320, '2:1'],
      [640, 360, '60000:1'],
      [64, 64, '2147483647:1'],
      [64, 64, '1:0'],
    ] as const) {
      const film = { width, height, sample_aspect_ratio: aspect, ...turned }
      await assert.rejects(look(film), { code: 'TAPRI_FILES_FILM', message: tooMany }, JSON.stringify(film))
    }
    const long = { code: 'TAPRI_FILES_FILM', message: /a side may have 16384/ }
    await assert.rejects(look({ width: 8192, height: 16, sample_aspect_ratio: '3:1', ...turned }), long)
    await assert.rejects(look({ width: 16, height: 20_000, sample_aspect_ratio: '1:1', ...turned }), long)
  }
})

test('a film of a few kilobytes that calls itself vast is refused before anything is made of it', {
  skip: withoutFfmpeg,
}, async () => {
  const film = filmed('vast.mp4', [
    ...['-f', 'lavfi', '-i', 'color=black:s=1280x720:r=5:d=1', '-vf', 'setsar=1000/1'],
    ...['-c:v', 'libx264', '-pix_fmt', 'yuv420p'],
  ])
  const tools = { programs: { ffmpeg: 'ffmpeg', ffprobe: 'ffprobe' }, clock: systemClock, signal: new AbortController().signal }
  assert.ok(film.size < 20_000, String(film.size))
  await assert.rejects(probe(filmedPath(film), tools), { code: 'TAPRI_FILES_FILM' })
})
