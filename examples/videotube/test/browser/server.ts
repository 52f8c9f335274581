import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'vite'

const run = promisify(execFile)
const folder = fileURLToPath(new URL('../..', import.meta.url))
const command = fileURLToPath(new URL('../../../../packages/tapri/bin/tapri.js', import.meta.url))

export interface Server extends AsyncDisposable {
  readonly url: string
}

/** VideoTube as it runs in production: a process of its own, an empty database, the built interface. */
export async function startServer(): Promise<Server> {
  if (!existsSync(join(folder, 'web/dist/index.html'))) await build({ root: join(folder, 'web'), logLevel: 'warn' })
  const data = await mkdtemp(join(tmpdir(), 'videotube-'))
  const settings = {
    cwd: folder,
    env: {
      ...process.env,
      NODE_ENV: 'production',
      HOST: '127.0.0.1',
      PORT: '0',
      DATABASE_URL: `sqlite:${join(data, 'app.db')}`,
      FILES_URL: `disk:${join(data, 'files')}`,
    },
  }
  // in production nothing changes a database unasked
  await run(process.execPath, [command, 'migrate', 'apply'], settings)
  const server = spawn(process.execPath, [command, 'start'], { ...settings, stdio: ['ignore', 'pipe', 'pipe'] })
  const url = await listens(server)
  return {
    url,
    async [Symbol.asyncDispose]() {
      server.kill('SIGTERM')
      if (server.exitCode === null) await once(server, 'exit')
      await rm(data, { recursive: true, force: true })
    },
  }
}

/** Waits until the server answers, and says where; fails with all it said when it ends before that. */
async function listens(server: ChildProcess): Promise<string> {
  let said = ''
  for (const output of [server.stdout, server.stderr]) {
    output?.on('data', (text) => {
      said += text
    })
  }
  const signal = AbortSignal.timeout(120_000)
  while (server.exitCode === null) {
    signal.throwIfAborted()
    const url = /Listening on (http:[\w:/.]+)/.exec(said)?.[1]
    const answer = url === undefined ? undefined : await fetch(url, { signal }).catch(() => undefined)
    if (url !== undefined && answer?.ok) return url
    await new Promise((done) => setTimeout(done, 50))
  }
  throw new Error(`VideoTube ended before it answered:\n${said}`)
}
