import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('./node.fixture.ts', import.meta.url))

/** A process of its own that runs the app. */
export interface Node {
  readonly port: number
  /** What it has said that was more than a word. */
  readonly complaints: readonly string[]
  /** Resolves once it has heard of the commit; other transactions of the server may hold back its announcement. */
  reached(token: string): Promise<void>
  /** As by SIGTERM: requests are answered, sockets told. */
  stop(): Promise<void>
  /** As by kill -9. */
  kill(): Promise<void>
}

export async function startNode(folder: string, environment: Readonly<Record<string, string>>): Promise<Node> {
  const child = spawn(process.execPath, [program], {
    cwd: folder,
    env: { PATH: process.env.PATH, LOG_FORMAT: 'json', ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const complaints: string[] = []
  const listening = Promise.withResolvers<number>()
  createInterface({ input: child.stdout }).on('line', (line) => {
    const port = /Listening on http:[^\s"]+?:(\d+)/.exec(line)?.[1]
    if (port !== undefined) listening.resolve(Number(port))
    if (/"level":"(warn|error)"/.test(line)) complaints.push(line)
  })
  child.once('exit', (code) => listening.reject(new Error(`A node ended with ${code}: ${complaints.join('\n')}`)))
  const port = await listening.promise
  return {
    port,
    complaints,
    reached: (token) => reached(port, token),
    stop: () => end(child, 'SIGTERM'),
    kill: () => end(child, 'SIGKILL'),
  }
}

async function end(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill(signal)
  await ended
}

async function reached(port: number, token: string): Promise<void> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/api/live`, 'tapri.v1')
  const done = Promise.withResolvers<void>()
  const ask = () => socket.send(JSON.stringify({ type: 'ping', at: token }))
  const positionOf = (at: string) => Number(at.slice(at.lastIndexOf('.') + 1))
  socket.addEventListener('open', () => socket.send('{"type":"hello"}'))
  socket.addEventListener('message', ({ data }) => {
    const { type, at } = JSON.parse(String(data))
    if (type !== 'welcome' && type !== 'pong') return
    if (positionOf(at) >= positionOf(token)) done.resolve()
    else ask()
  })
  socket.addEventListener('close', () => done.reject(new Error('A node has closed the socket')))
  await done.promise
  socket.close()
}
