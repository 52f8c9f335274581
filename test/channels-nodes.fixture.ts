import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer as createHttpServer, request } from 'node:http'
import { connect, createServer, type Socket } from 'node:net'
import { createInterface } from 'node:readline'

const appUrl = new URL('./channels.fixture.ts', import.meta.url).href
const program = `
  import { startApp } from 'tapri'
  const { default: app } = await import(${JSON.stringify(appUrl)})
  const [database, folder] = process.argv.slice(1)
  const started = await startApp(app.description, {
    file: null, host: '127.0.0.1', port: 0, migrate: 'auto',
    environment: { ...settings(database, folder) },
  })
  process.stdout.write(new URL(started.url).port + '\\n')`

/** What every node of one app is started with. */
export function settingsOf(database: string, folder: string): Readonly<Record<string, string>> {
  return {
    NODE_ENV: 'test',
    DATABASE_URL: database,
    FILES_URL: `disk:${folder}/files`,
    BUS_URL: `ipc:${folder}/bus`,
    LOG_FORMAT: 'silent',
  }
}

/** A process of its own that runs the app. */
export interface Node {
  readonly port: number
  readonly process: ChildProcess
}

export async function startNode(database: string, folder: string, more: Readonly<Record<string, string>> = {}): Promise<Node> {
  const settings = { ...settingsOf(database, folder), ...more }
  const code = program.replace('...settings(database, folder)', `...${JSON.stringify(settings)}`)
  const child = spawn(process.execPath, ['--input-type=module', '-e', code, database, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  for await (const line of createInterface({ input: child.stdout })) return { port: Number(line), process: child }
  throw new Error('The node ended before it listened')
}

export async function kill({ process: child }: Node): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}

/** Stands between clients and nodes: leads each line to one of the ports, and cuts lines when it is told to. */
export async function openSwitch(ports: readonly number[], random: () => number) {
  const open = new Set(ports)
  const lines = new Set<Socket>()
  const server = createServer((line) => {
    const port = [...open][Math.floor(random() * open.size)]
    if (port === undefined) return line.destroy()
    const node = connect(port, '127.0.0.1')
    lines.add(line)
    line.on('close', () => {
      lines.delete(line)
      node.destroy()
    })
    node.on('close', () => line.destroy())
    for (const end of [line, node]) end.on('error', () => {})
    line.pipe(node).pipe(line)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return {
    port: typeof address === 'object' ? address?.port : 0,
    /** Cuts one of the lines. */
    cut(): void {
      const all = [...lines]
      all[Math.floor(random() * all.length)]?.destroy()
    },
    close(port: number): void {
      open.delete(port)
    },
    async [Symbol.asyncDispose]() {
      for (const line of lines) line.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Stands between clients and nodes: leads each request to the node after the one of the request before. */
export async function openRota(ports: readonly number[]) {
  const open = [...ports]
  const posts = new Map<number, number>(ports.map((port) => [port, 0]))
  let turn = 0
  const server = createHttpServer((asked, answer) => {
    const port = open[turn++ % open.length] ?? 0
    if (asked.method === 'POST') posts.set(port, (posts.get(port) ?? 0) + 1)
    const { method, url, headers } = asked
    const passed = request({ host: '127.0.0.1', port, method, path: url, headers }, (given) => {
      answer.writeHead(given.statusCode ?? 502, given.headers)
      given.pipe(answer)
      given.on('error', () => answer.destroy())
    })
    passed.on('error', () => answer.destroy())
    answer.on('close', () => passed.destroy())
    asked.pipe(passed)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return {
    port: typeof address === 'object' ? (address?.port ?? 0) : 0,
    /** How many POSTs were led to each port. */
    posts,
    /** Leads nothing there any more. */
    leave(port: number): void {
      open.splice(open.indexOf(port), 1)
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
