import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const entry = fileURLToPath(new URL('app.ts', import.meta.url))

/** The app, running in a process of its own. */
export interface Server extends AsyncDisposable {
  readonly process: ChildProcess
  readonly port: number
  /** Resolves once its output holds the text. */
  printed(text: string): Promise<void>
  /** The exit code, once it has ended; null when a signal ended it. */
  readonly ended: Promise<number | null>
  /** Sends bytes as they are; answers all that comes back until the connection closes. */
  raw(bytes: string | Buffer, host?: string): Promise<string>
}

export async function startServer(mode: 'development' | 'production', folder = ownFolder()): Promise<Server> {
  // in production the database has to be there; a start in development makes it
  if (mode === 'production') {
    const first = await startServer('development', folder)
    first.process.kill('SIGTERM')
    await first.ended
  }
  const settings = { NODE_ENV: mode, PORT: '0', LOG_FORMAT: 'json' }
  const { PATH = '', HOME = '' } = process.env
  const child = spawn(process.execPath, [entry], { cwd: folder, env: { PATH, HOME, ...settings } })
  const ended = once(child, 'close').then(([code]) => code)
  let output = ''
  let wake = () => {}
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk
      wake()
    })
  }
  const printed = async (text: string) => {
    while (!output.includes(text)) {
      const more = new Promise<string>((resolve) => {
        wake = () => resolve('more')
      })
      if ((await Promise.race([more, ended])) !== 'more') throw new Error(`The app ended before it printed "${text}": ${output}`)
    }
  }
  await printed('Listening on ')
  const port = Number(/Listening on \w+:\/\/[^"]*?:(\d+)/.exec(output)?.[1])
  return {
    process: child,
    port,
    printed,
    ended,
    raw: (bytes, host = '127.0.0.1') => sendRaw(bytes, { port, host }),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function ownFolder(): string {
  return mkdtempSync(join(tmpdir(), 'tapri-defaults-'))
}

async function sendRaw(bytes: string | Buffer, address: { readonly port: number; readonly host: string }): Promise<string> {
  const socket = connect({ ...address, allowHalfOpen: true })
  let answer = ''
  socket.setEncoding('latin1').on('data', (chunk) => {
    answer += chunk
  })
  // what cannot be reached, or is cut while it sends, has answered what it has
  socket.on('error', () => {})
  socket.on('end', () => socket.end())
  socket.write(bytes)
  await new Promise((resolve) => socket.on('close', resolve))
  return answer
}
