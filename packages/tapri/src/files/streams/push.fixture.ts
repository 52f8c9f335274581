import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import { json } from 'node:stream/consumers'
import { setImmediate } from 'node:timers/promises'
import { type Cinema, filmed, filmedPath, playable } from '../media/films.fixture.ts'

/** A minute of what browsers play. */
export function long(): File {
  playable()
  return filmed('long.mp4', ['-stream_loop', '9', '-i', filmedPath(playable()), '-c', 'copy'])
}

/** Twelve seconds of it as an encoder sends it. */
export function sent(): Promise<Buffer> {
  return bytesOf(filmed('sent.ts', ['-stream_loop', '1', '-i', filmedPath(playable()), '-c', 'copy']))
}

export async function bytesOf(file: File): Promise<Buffer> {
  return Buffer.from(await file.arrayBuffer())
}

export async function channel(cinema: Cinema): Promise<{ id: string; url: string }> {
  const { id } = await cinema.db.films.create({})
  return { id, url: cinema.url + (await cinema.files.actions.newPushUrl({ model: 'films', id, field: 'live' })) }
}

/** Lets ffmpeg push; ends when it has sent all. */
export async function pushed(url: string, args: readonly string[]): Promise<void> {
  const child = spawn('ffmpeg', ['-nostdin', '-v', 'error', ...args, '-method', 'PUT', url], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const [code] = await once(child, 'close')
  assert.equal(code, 0)
}

/** What the row shows, once it is as asked. */
export async function shown(cinema: Cinema, id: string, isRight: (live: any) => boolean): Promise<any> {
  await until(cinema, async () => isRight((await cinema.db.films.get(id)).live))
  return (await cinema.db.films.get(id)).live
}

/** Ends when so many pieces have come to the one stream there is, or the newest of them. */
export async function pieces(cinema: Cinema, count: number): Promise<void> {
  await until(cinema, async () => (await cinema.db.tapri_streams.find()).some(({ window }: any) => window.next >= count))
}

/** Looks again after each commit. */
async function until(cinema: Cinema, isSo: () => Promise<boolean>): Promise<void> {
  let heard = Promise.withResolvers<void>()
  const stop = cinema.database.changes.subscribe(() => heard.resolve())
  while (!(await isSo())) {
    await heard.promise
    heard = Promise.withResolvers()
  }
  stop()
}

/** Lets an encoder leave; ends when the last piece of it has been kept. */
export async function leave(cinema: Cinema, push: Push): Promise<void> {
  const lost = () => cinema.log.filter(({ event }) => event === 'files.stream.lost').length
  const before = lost()
  push.destroy()
  while (lost() === before) await setImmediate()
}

/** Lets the end of a stream pass. */
export async function over(cinema: Cinema, id: string): Promise<void> {
  cinema.advance(60_000)
  await cinema.files.streams.look()
  assert.equal((await cinema.db.films.get(id)).live, null)
  await cinema.files.sweep()
}

/** A kilobyte of MPEG-TS with nothing in it (ISO 13818-1 2.4.3.3: packets of the identifier 8191). */
export const emptyPackets = Buffer.concat(
  Array.from({ length: 6 }, () => Buffer.concat([Buffer.from([0x47, 0x1f, 0xff, 0x10]), Buffer.alloc(184, 0xff)])),
)

/** An encoder that is driven by hand. */
export class Push {
  readonly answer: Promise<{ status: number; body: any }>
  readonly #request: ClientRequest

  constructor(url: string) {
    this.#request = request(url, { method: 'PUT', headers: { 'transfer-encoding': 'chunked' } })
    this.#request.on('error', () => {})
    this.answer = once(this.#request, 'response').then(async ([response]: IncomingMessage[]) => ({
      status: response?.statusCode ?? 0,
      body: response === undefined ? undefined : await json(response),
    }))
    // a push that is cut off has no answer
    this.answer.catch(() => {})
  }

  write(bytes: Buffer): void {
    if (bytes.length > 0) this.#request.write(bytes)
  }

  end(): void {
    this.#request.end()
  }

  destroy(): void {
    this.#request.destroy()
  }
}

/** A row to which an encoder has sent twelve seconds, and goes on. */
export async function sending(cinema: Cinema): Promise<{ id: string; url: string; push: Push }> {
  const { id, url } = await channel(cinema)
  const push = new Push(url)
  push.write(await sent())
  return { id, url, push }
}
