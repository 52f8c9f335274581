import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { client } from 'tapri/client'
import { testFile } from '../packages/tapri/src/test/media.ts'
import type app from './club/app.ts'

const appUrl = new URL('./club/app.ts', import.meta.url)

class Process {
  readonly child: ChildProcess
  readonly url: string

  private constructor(child: ChildProcess, url: string) {
    this.child = child
    this.url = url
  }

  /** A whole app in a process of its own, on the files of `folder`. */
  static async start(folder: string): Promise<Process> {
    const code = `const { default: app } = await import(${JSON.stringify(appUrl.href)}); await app.start()`
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
      cwd: folder,
      env: { PATH: process.env.PATH, PORT: '0', LOG_FORMAT: 'json' },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    for await (const line of createInterface({ input: child.stdout })) {
      const url = /Listening on (http:[^\s"]+)/.exec(line)?.[1]
      if (url !== undefined) return new Process(child, `${url}/api`)
    }
    throw new Error('The app ended before it listened')
  }

  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return
    const ended = once(this.child, 'exit')
    this.child.kill('SIGKILL')
    await ended
  }
}

test('kill -9 under load loses nothing that was answered, and leaves no half upload', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tapri-crash-'))
  const started: Process[] = []
  t.after(async () => {
    for (const each of started) await each.kill()
    await rm(folder, { recursive: true, force: true })
  })
  const begin = async () => {
    const server = await Process.start(folder)
    started.push(server)
    return server
  }
  const said: string[] = []
  const stored: string[] = []
  let token: string | undefined
  let video: Awaited<ReturnType<ReturnType<typeof client<typeof app>>['videos']['create']>>['id'] | undefined

  for (let round = 0; round < 3; round++) {
    const server = await begin()
    token ??= await signUp(server.url)
    const ann = client<typeof app>(server.url, { token })
    video ??= (await ann.videos.create({ title: 'The first', source: testFile('first.mp4', 2000) })).id
    const of = video
    const acknowledged = Promise.withResolvers<void>()
    let left = 20
    const done = () => --left === 0 && acknowledged.resolve()

    const writers = Array.from({ length: 6 }, async (_, writer) => {
      for (let number = 0; ; number++) {
        const text = `${round} ${writer} ${number}`
        await ann.videos.comment({ id: of, text })
        said.push(text)
        done()
      }
    })
    const uploaders = Array.from({ length: 3 }, async (_, uploader) => {
      for (let number = 0; ; number++) {
        const title = `Film ${round} ${uploader} ${number}`
        await ann.videos.create({ title, source: testFile('film.mp4', 700_000) })
        stored.push(title)
        done()
      }
    })
    const ending = Promise.allSettled([...writers, ...uploaders])
    await acknowledged.promise
    await server.kill()
    const ends = await ending
    assert.ok(ends.every((end) => end.status === 'rejected' && end.reason.code === 'TAPRI_CLIENT_UNREACHABLE'))
  }

  await age(folder)
  const server = await begin()
  const ann = client<typeof app>(server.url, { token })
  assert.ok(video)
  const comments = new Set((await ann.videos.comments({ id: video })).map(({ text }) => text))
  assert.deepEqual(
    said.filter((text) => !comments.has(text)),
    [],
  )

  const films = await allVideos(server.url, token ?? '')
  const titles = new Set(films.map(({ title }) => title))
  assert.deepEqual(
    stored.filter((title) => !titles.has(title)),
    [],
  )
  for (const { source } of films) {
    const answer = await fetch(new URL(source.url, server.url), { headers: { authorization: `Bearer ${token}` } })
    assert.equal((await answer.arrayBuffer()).byteLength, source.size)
  }
  // the sweep begins with the app and goes on beside its answers
  while ((await bytesIn(folder)) > films.length) await ann.videos.comments({ id: video })
  assert.equal(await bytesIn(folder), films.length, 'a row is left without bytes')
})

/** How many files of bytes the store has. */
async function bytesIn(folder: string): Promise<number> {
  const found = await readdir(join(folder, 'data/files'), { recursive: true, withFileTypes: true })
  return found.filter((entry) => entry.isFile()).length
}

/** As if an hour had passed: until then what is half done could be another process's. */
async function age(folder: string): Promise<void> {
  const database = new DatabaseSync(join(folder, 'data/app.db'))
  database.exec("update tapri_files set expires = 0 where state = 'pending'")
  database.close()
  const incoming = join(folder, 'data/files/incoming')
  for (const name of await readdir(incoming)) await utimes(join(incoming, name), 0, 0)
}

async function signUp(url: string): Promise<string> {
  const guest = client<typeof app>(url)
  const who = { email: 'ann@club.test', password: 'kites and wind' }
  await guest.auth.signUp({ name: 'Ann', ...who })
  return (await guest.auth.token(who)).token
}

async function allVideos(url: string, token: string) {
  const ann = client<typeof app>(url, { token })
  const films = []
  for (let after: string | null | undefined; after !== null; ) {
    const page = await ann.videos.archive({ after })
    films.push(...page.rows)
    after = page.next
  }
  return films
}
