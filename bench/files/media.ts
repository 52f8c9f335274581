import { spawnSync } from 'node:child_process'
import { randomFillSync } from 'node:crypto'
import { openAsBlob } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { findProgram } from '../../scripts/services/process.ts'
import { median } from '../data/race.ts'
import { absent, type Server, withServers } from './contest.ts'
import type { FilesPart } from './part.ts'
import { known, table } from './rounds.ts'
import { usageOf } from './usage.ts'

/** Asked for at once. */
const atOnce = 4

export const media: FilesPart = {
  title: 'Pictures and films',
  async measure({ quick, home, shared }) {
    const pictures = await thumbnails({ home, shared, rounds: quick ? 1 : 5, each: quick ? 6 : 20 })
    const seconds = quick ? 2 : 10
    const film = await makeFilm(home, seconds)
    const hls = film === undefined ? undefined : await stream(film, { home, shared })
    return {
      figures: known({
        thumbnails_per_s: pictures?.perSecond,
        thumbnails_vs_sharp: pictures?.ratio,
        hls_seconds_per_second: hls && Number((hls.ready / seconds).toFixed(2)),
        hls_playable_s: hls && Number(hls.playable.toFixed(2)),
      }),
      missing: absent(['sharp', 'ffmpeg']),
      report: [
        ...(pictures === undefined
          ? []
          : ['Sizes of a JPEG of 12 megapixels, about 320 pixels wide, as WebP, each for the first time:', pictures.rows]),
        ...(hls === undefined
          ? []
          : [
              `A film of ${seconds} seconds, 1080p, H.264 and AAC: played by HLS ${hls.playable.toFixed(1)} seconds after it was sent, and ready in all sizes
after ${hls.ready.toFixed(1)} seconds, with the whole machine.`,
            ]),
      ].join('\n\n'),
    }
  },
}

interface Thumbnails {
  readonly home: string
  readonly shared: string
  readonly rounds: number
  readonly each: number
}

async function thumbnails({ home, shared, rounds, each }: Thumbnails) {
  if (absent(['sharp']).length > 0) return undefined
  const { default: sharp } = await import('sharp')
  const path = join(shared, 'picture.jpg')
  const raw = { width: 500, height: 375, channels: 3 } as const
  // noise that is made larger has edges and colours, as a photograph has
  const noise = sharp(randomFillSync(Buffer.alloc(raw.width * raw.height * 3)), { raw })
  await noise.resize(4000, 3000).jpeg({ quality: 90 }).toFile(path)
  const contenders = [
    { name: 'media', title: 'Tapri' },
    { name: 'sharp', title: 'sharp behind node:http' },
  ]
  return withServers(contenders, { home, shared }, async (servers) => {
    const samples = new Map(servers.map(({ name }) => [name, { cpu: [] as number[], seconds: [] as number[] }]))
    let width = 300
    for (const server of servers) if (server.name === 'media') server.path = `/api/works/${await give(server, 'picture', path)}`
    for (let round = 0; round <= rounds; round++) {
      width += each
      for (const server of round % 2 === 0 ? servers : servers.toReversed()) {
        const urls = await urlsOf(server, { width, each })
        const before = usageOf(server.pid)
        const begun = performance.now()
        await Promise.all(
          Array.from({ length: atOnce }, (_, lane) => fetchAll(urls.filter((_, index) => index % atOnce === lane))),
        )
        const sample = samples.get(server.name)
        if (round === 0 || sample === undefined) continue
        sample.seconds.push((performance.now() - begun) / 1000 / each)
        sample.cpu.push((usageOf(server.pid).cpu - before.cpu) / each)
      }
    }
    const of = (name: string) => samples.get(name) ?? { cpu: [], seconds: [] }
    const ratios = of('media').cpu.map((cpu, round) => (of('sharp').cpu[round] ?? Number.NaN) / cpu)
    const rows = contenders.map(({ name, title }) => [
      title,
      (1 / median(of(name).seconds)).toFixed(1),
      (1000 * median(of(name).cpu)).toFixed(0),
    ])
    return {
      perSecond: Number((1 / median(of('media').seconds)).toFixed(1)),
      ratio: Number(median(ratios).toFixed(3)),
      rows: table(['who', 'a second, of one core', 'milliseconds of processor time each'], rows),
    }
  })
}

async function urlsOf({ name, port, path }: Server, { width, each }: { width: number; each: number }): Promise<string[]> {
  const origin = `http://127.0.0.1:${port}`
  const widths = Array.from({ length: each }, (_, index) => width + index)
  if (name !== 'media') return widths.map((width) => `${origin}/?width=${width}`)
  return Promise.all(widths.map(async (width) => origin + (await (await fetch(`${origin}${path}/size?width=${width}`)).text())))
}

async function fetchAll(urls: readonly string[]): Promise<void> {
  for (const url of urls) {
    const answer = await fetch(url)
    const { byteLength } = await answer.arrayBuffer()
    const type = answer.headers.get('content-type')
    if (type !== 'image/webp' || byteLength < 500) throw new Error(`Cannot compare: ${url} answers ${answer.status}, ${type}`)
  }
}

/** Gives a file to a new row; answers its id. */
async function give({ port }: Server, field: string, path: string): Promise<string> {
  const form = new FormData()
  form.set(field, await openAsBlob(path), path.slice(path.lastIndexOf('/') + 1))
  const answer = await fetch(`http://127.0.0.1:${port}/api/works`, { method: 'POST', body: form })
  if (!answer.ok) throw new Error(`Cannot send ${path}: ${await answer.text()}`)
  const { id }: any = await answer.json()
  return id
}

async function makeFilm(home: string, seconds: number): Promise<string | undefined> {
  const program = findProgram('ffmpeg')
  if (program === undefined) return undefined
  const path = join(home, 'film.mp4')
  const picture = ['-f', 'lavfi', '-i', 'testsrc2=size=1920x1080:rate=25']
  const sound = ['-f', 'lavfi', '-i', 'sine=frequency=440']
  const written = ['-t', String(seconds), '-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p', '-c:a', 'aac', path]
  const { status, stderr } = spawnSync(program, ['-v', 'error', '-y', ...picture, ...sound, ...written], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`Cannot make a film: ${stderr}`)
  return path
}

/** Seconds after it was sent until it plays, and until it is there in all sizes. */
async function stream(path: string, folders: { readonly home: string; readonly shared: string }) {
  const whole = { name: 'media', title: 'Tapri', cores: '0,1' }
  return withServers([whole], folders, async ([server]) => {
    if (server === undefined) throw new Error('Cannot measure: there is no server')
    const id = await give(server, 'film', path)
    const begun = performance.now()
    let playable = Number.NaN
    for (;;) {
      const { film }: any = await (await fetch(`http://127.0.0.1:${server.port}/api/works/${id}`)).json()
      const seconds = (performance.now() - begun) / 1000
      if (Number.isNaN(playable) && film.stream !== null) playable = seconds
      if (film.processing.state === 'ready') return { playable, ready: seconds }
      if (!['waiting', 'working'].includes(film.processing.state)) throw new Error(`Cannot measure: ${film.processing.reason}`)
      await pause(50)
    }
  })
}
