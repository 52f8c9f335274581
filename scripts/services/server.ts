import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { azure } from './azure.ts'
import { cacheFolder, copyFolder, fingerprint, makeOnce } from './cache.ts'
import { makeHome } from './home.ts'
import type { Front, Maker, Program } from './maker.ts'
import { mariadb } from './mariadb.ts'
import { mongodb } from './mongodb.ts'
import { mysql } from './mysql.ts'
import { nats } from './nats.ts'
import { freePort } from './port.ts'
import { postgres } from './postgres.ts'
import { giveAway, spawnUnprivileged, tailOf } from './process.ts'
import { redis } from './redis.ts'
import { s3, signedS3 } from './s3.ts'
import type { Service, ServiceName } from './service.ts'

const makers: Readonly<Record<ServiceName, Maker>> = {
  postgres,
  mariadb,
  mysql,
  mongodb,
  redis,
  nats,
  s3,
  's3-signed': signedS3,
  azure,
}
/** Data made by an older text of these files is not used again; the others start with none. */
const databaseRecipes = ['postgres.ts', 'mariadb.ts', 'mysql.ts', 'mongodb.ts']
const recipes: Readonly<Partial<Record<ServiceName, readonly string[]>>> = { 's3-signed': ['s3.ts'] }

export interface ServerOptions {
  /** Whether each commit survives a power cut, as in production; without it the server is faster. */
  readonly durable?: boolean
}

/** A server of one's own. */
export interface OpenServer extends Service, AsyncDisposable {
  readonly version: string
  /** Ends the server at once, as a power cut would; its data stay. */
  kill(): Promise<void>
  /** Starts it again on its data, at the same address. */
  restart(): Promise<void>
  /** Ends the server and removes its data. */
  close(): Promise<void>
}

/** Finds the program of a service; throws `Missing` when it is not on this machine. */
export function findProgramOf(name: ServiceName): Program {
  return makers[name].find()
}

/** Makes what a first start has to make, so that later ones are quick; answers the folder. */
export function prepareData(name: ServiceName, program: Program): Promise<string> {
  const files = recipes[name] ?? databaseRecipes
  const recipe = fingerprint(files.map((file) => readFileSync(new URL(file, import.meta.url), 'utf8')).join(''))
  return makeOnce(join(cacheFolder(), `${name}-${program.version.replaceAll(/[^\w.]+/g, '-')}-${recipe}`), async (folder) => {
    giveAway(folder)
    await program.initialise(folder)
  })
}

/** Starts a server with data of its own, as an unprivileged user. @example await using server = await openServer('mysql', { durable: true }) */
export async function openServer(name: ServiceName, { durable = false }: ServerOptions = {}): Promise<OpenServer> {
  const program = findProgramOf(name)
  const template = await prepareData(name, program)
  const home = makeHome()
  const folder = join(home, 'server')
  copyFolder(template, folder)
  const port = await freePort()
  const place = { folder, port, durable }
  let child: ChildProcess | undefined
  let front: Front | undefined
  const close = async (): Promise<void> => {
    await front?.close()
    if (child !== undefined) await end(child, program.serve(place).end)
    rmSync(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 })
  }
  try {
    child = await serve(program, place)
    front = await program.front?.(port)
  } catch (cause) {
    await close()
    throw cause
  }
  return {
    name,
    version: program.version,
    url: front?.url ?? program.url(port),
    async kill() {
      if (child !== undefined) await end(child, 'SIGKILL')
    },
    async restart() {
      child = await serveAgain(program, place)
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

interface Place {
  readonly folder: string
  readonly port: number
  readonly durable: boolean
}

async function serve(program: Program, place: Place): Promise<ChildProcess> {
  const command = program.serve(place)
  const child = spawnUnprivileged(command.program, command.args, place.folder)
  await new Promise<void>((resolve, reject) => {
    const tail = tailOf(child, (text) => command.ready.test(text) && resolve())
    child.once('error', reject)
    child.once('close', (code, signal) => {
      reject(new Error(`Cannot start ${command.program}: it ended with ${code ?? signal}. Its words:\n${tail()}`))
    })
  })
  // a server keeps nobody's process alive: it ends with it
  child.unref()
  for (const stream of [child.stdin, child.stdout, child.stderr]) {
    if (stream !== null && 'unref' in stream && typeof stream.unref === 'function') stream.unref()
  }
  return child
}

/** What was killed may need a moment to be gone: its children hold its memory, and its port. */
async function serveAgain(program: Program, place: Place): Promise<ChildProcess> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await serve(program, place)
    } catch (error) {
      if (attempt === 50 || !/still in use|already in use/i.test(String(error))) throw error
      await setTimeout(100)
    }
  }
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.ref()
  child.kill(signal)
  await once(child, 'exit')
}
