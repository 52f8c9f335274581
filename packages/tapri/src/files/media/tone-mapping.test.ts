import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { systemClock } from '../../kit/clock.ts'
import { Cinema, filmed, filmedPath, pictures, played, probed, withoutFfmpeg } from './films.fixture.ts'
import { hasToneMapping } from './tone-mapping.ts'

const programs = { ffmpeg: 'ffmpeg', ffprobe: 'ffprobe' }
const filters = String(spawnSync('ffmpeg', ['-v', 'error', '-filters']).stdout)
const skip = withoutFfmpeg || (filters.includes(' zscale ') ? false : 'this ffmpeg is not built with zimg')
const size = '320x180'
const short = { seconds: 2 }

/** Two seconds in the usual colours. */
function usual(): File {
  const tags = ['-color_trc', 'bt709', '-color_primaries', 'bt709', '-colorspace', 'bt709']
  return filmed('usual.mp4', [...pictures(size, short), '-c:v', 'libx264', '-pix_fmt', 'yuv420p', ...tags])
}

/** The same pictures in those of HDR. */
function wide(transfer: 'smpte2084' | 'arib-std-b67'): File {
  const colours = `zscale=tin=bt709:pin=bt709:min=bt709:rin=tv:t=${transfer}:p=bt2020:m=bt2020nc:npl=203`
  const tags = ['-color_trc', transfer, '-color_primaries', 'bt2020', '-colorspace', 'bt2020nc']
  const filters = ['-vf', `format=yuv444p,${colours},format=yuv420p10le`]
  return filmed(`${transfer}.mp4`, [...pictures(size, short), ...filters, '-c:v', 'libx264', ...tags])
}

/** The first picture of a URL. */
async function firstPicture(url: string): Promise<Buffer> {
  const args = ['-v', 'error', '-i', url, '-frames:v', '1', '-s', size, '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-']
  const { stdout } = await promisify(execFile)('ffmpeg', args, { encoding: 'buffer' })
  assert.equal(stdout.length, 320 * 180 * 3)
  return stdout
}

/** How far two pictures are from each other, 0 to 255. */
function distance(one: Buffer, other: Buffer): number {
  let sum = 0
  for (let at = 0; at < one.length; at++) sum += Math.abs((one[at] ?? 0) - (other[at] ?? 0))
  return sum / one.length
}

async function renditionOf(cinema: Cinema, film: any): Promise<string> {
  const path = /^180p\.m3u8[^\n]*/m.exec(await cinema.text(film.stream))?.[0] ?? ''
  return new URL(path, cinema.url + film.stream).href
}

for (const transfer of ['smpte2084', 'arib-std-b67'] as const) {
  test(`a film in the colours of HDR (${transfer}) is shown in the usual ones`, { skip }, async () => {
    await using cinema = await Cinema.open()
    const plain = await cinema.show({ film: usual() })
    const right = await firstPicture(await renditionOf(cinema, plain.film))
    const { film } = await cinema.show({ film: wide(transfer) })
    assert.deepEqual(film.processing, { state: 'ready', progress: 1, reason: null })
    assert.doesNotMatch(await cinema.text(film.stream), /VIDEO-RANGE/)
    const url = await renditionOf(cinema, film)
    const { streams } = await probed(url)
    assert.deepEqual([streams[0].pix_fmt, streams[0].color_transfer, streams[0].color_space], ['yuv420p', 'bt709', 'bt709'])
    assert.equal((await played(url)).complaints, '')
    assert.ok(distance(await firstPicture(filmedPath(wide(transfer))), right) > 50)
    for (const [shown, as] of [
      [url, right],
      [cinema.url + film.poster, await firstPicture(cinema.url + plain.film.poster)],
    ] as const) {
      const away = distance(await firstPicture(shown), as)
      assert.ok(away < 20, `${away}`)
    }
  })
}

test('where ffmpeg cannot change the colours of HDR the playlist and the row say so', { skip }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tapri-filters-'))
  const ffmpeg = join(folder, 'ffmpeg')
  await writeFile(ffmpeg, '#!/bin/sh\ncase "$*" in *-filters) ffmpeg "$@" | grep -v zscale;; *) exec ffmpeg "$@";; esac\n')
  await chmod(ffmpeg, 0o755)
  try {
    assert.deepEqual(
      await Promise.all(['ffmpeg', ffmpeg].map((each) => hasToneMapping({ ...programs, ffmpeg: each }, systemClock))),
      [true, false],
    )
    await using cinema = await Cinema.open({ ffmpeg })
    const { film } = await cinema.show({ film: wide('smpte2084') })
    assert.match(film.processing.reason, /^It is shown in the colours of HDR: the ffmpeg of this server has no filters "zscale"/)
    assert.equal(film.processing.state, 'ready')
    assert.match(await cinema.text(film.stream), /VIDEO-RANGE=PQ\n?/)
    const { streams } = await probed(await renditionOf(cinema, film))
    assert.deepEqual([streams[0].color_transfer, streams[0].color_primaries], ['smpte2084', 'bt2020'])
    const usualOne = await cinema.show({ film: usual() })
    assert.equal(usualOne.film.processing.reason, null)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
