// A server that speaks MongoDB's wire protocol and answers from the DocumentDB engine on PostgreSQL. For tests only.
import { createServer, type Server, type Socket } from 'node:net'
import pg, { type PoolClient } from 'pg'
import { type Document, decode, encode } from './bson.ts'
import { readCommand } from './command.ts'
import { documentOf } from './document.ts'
import { CommandError } from './errors.ts'
import { fixedAnswer, helloOf } from './fixed-answers.ts'
import { Runner } from './run.ts'
import { answerTo, type Message, messageReader } from './wire.ts'

export interface Gateway {
  close(): Promise<void>
}

/** Listens on a port of this machine, as the one member of the replica set `rs0`. */
export async function openGateway(port: number, postgresUrl: string): Promise<Gateway> {
  const pool = new pg.Pool({ connectionString: postgresUrl, max: 200 })
  // that the engine went away is told by the commands at work and the next ones
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))
  const runner = new Runner(pool, postgresUrl)
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    serve(socket, { runner, pool, address: `127.0.0.1:${port}` })
  })
  await listen(server, port)
  return {
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
      await runner.close()
    },
  }
}

interface House {
  readonly runner: Runner
  readonly pool: pg.Pool
  readonly address: string
}

function serve(socket: Socket, { runner, pool, address }: House): void {
  socket.setNoDelay(true)
  let working: PoolClient | undefined
  let last: Promise<void> = Promise.resolve()
  const handle = async (message: Message): Promise<void> => {
    try {
      const onClient = (client: PoolClient): void => {
        working = client
      }
      const watched = watchTime(message)
      if (watched !== undefined) return watchWith(message, watched)
      const answer = await answerOf(message, { runner, address, onClient })
      if (!message.isSilent && !socket.destroyed) socket.write(answerTo(message, answer))
    } catch {
      // the engine is gone: a driver then sees what it sees of a MongoDB that is gone
      socket.destroy()
    } finally {
      working = undefined
    }
  }
  // a driver that watches the server is told how it is again and again, as long as it listens
  const watchWith = (message: Message, every: number): void => {
    const timer = setInterval(() => {
      if (socket.destroyed) clearInterval(timer)
      else socket.write(answerTo(message, encode(helloOf(address)), { more: true }))
    }, every)
    socket.once('close', () => clearInterval(timer))
  }
  // a driver sends one command at a time, and hears the answers in order
  const read = messageReader((message) => {
    last = last.then(() => handle(message))
  })
  socket.on('data', (chunk: Buffer) => {
    try {
      read(chunk)
    } catch {
      // what cannot be read has no answer; the driver notices that the connection is gone
      socket.destroy()
    }
  })
  socket.on('error', () => {})
  // MongoDB stops the work for a driver that hung up
  socket.once('close', () => {
    const id = working === undefined ? undefined : backendOf(working)
    if (id !== undefined) pool.query('select pg_cancel_backend($1)', [id]).catch(() => {})
  })
}

/** Milliseconds between the answers to a `hello` that waits for news; undefined for any other message. */
function watchTime({ elements, takesMore }: Message): number | undefined {
  const wait = elements.find(({ name }) => name === 'maxAwaitTimeMS')
  const isWatching = takesMore && wait !== undefined && elements[0]?.name === 'hello'
  return isWatching ? Number(decode(documentOf([wait])).maxAwaitTimeMS) : undefined
}

interface AnswerOptions {
  readonly runner: Runner
  readonly address: string
  readonly onClient: (client: PoolClient) => void
}

async function answerOf({ elements }: Message, { runner, address, onClient }: AnswerOptions): Promise<Buffer> {
  try {
    const command = readCommand(elements)
    const answer: Buffer | Document = fixedAnswer(command.name, address) ?? (await runner.run(command, onClient))
    return Buffer.isBuffer(answer) ? answer : encode(answer)
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    return encode(error.toDocument())
  }
}

/** The number of the PostgreSQL process behind a connection, which `pg` has but does not declare. */
function backendOf(client: PoolClient): number | undefined {
  return 'processID' in client && typeof client.processID === 'number' ? client.processID : undefined
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => resolve())
  })
}
