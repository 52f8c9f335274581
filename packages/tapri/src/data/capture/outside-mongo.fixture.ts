import { once } from 'node:events'
import { createServer, connect as dial, type Socket } from 'node:net'
import { type ClientSession, type Document, Long, MongoClient } from 'mongodb'
import { scratchDatabase } from '../index.ts'
import type { Other, Setting, Values, Write } from './outside.fixture.ts'

/** Values of any type are copied as they are. */
const asTheyAre = { promoteValues: false, promoteLongs: false } as const
/** A place in a change stream that no server remembers: a second of the year 1970. */
const longAgo = '{"_data":"8200000001000000012B0229296E04"}'

/** A database of its own for a test, behind a gate that cuts connections. */
export function mongoSetting(server: string): Setting {
  const gates = new Map<string, Awaited<ReturnType<typeof openGate>>>()
  return {
    async scratch() {
      const scratch = await scratchDatabase(server)
      const url = new URL(scratch.url)
      const gate = await openGate(url)
      url.port = gate.port
      // or the package would go round the gate, to where the server says it is
      url.search = 'directConnection=true'
      gates.set(url.pathname, gate)
      const dispose = async () => {
        await scratch.dispose()
        await gate.close()
      }
      return { url: url.href, dispose }
    },
    connect,
    whyNot: () => whyNot(server),
    cut: async (url) => gates.get(new URL(url).pathname)?.cut(),
    throwAway: (url) =>
      connected(url, async (client) => {
        await client
          .db()
          .collection<{ _id: string }>('tapri_meta')
          .updateOne({ _id: 'captured' }, { $set: { value: longAgo } })
      }),
    empty: (url, table) => connected(url, async (client) => void (await client.db().collection(table).drop())),
    left: (url) => connected(url, leftOf),
    unreadable: { text: 'oops' },
  }
}

async function openGate({ hostname, port }: URL) {
  const sockets = new Set<Socket>()
  const cut = () => {
    for (const socket of sockets) socket.destroy()
    sockets.clear()
  }
  const gate = createServer((near) => {
    const far = dial(Number(port), hostname)
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => other.destroy())
      socket.pipe(other)
    }
  })
  gate.listen(0, '127.0.0.1')
  await once(gate, 'listening')
  const address = gate.address()
  return {
    port: String(typeof address === 'object' ? address?.port : ''),
    cut,
    async close() {
      cut()
      await new Promise((resolve) => gate.close(resolve))
    },
  }
}

async function connect(url: string): Promise<Other> {
  const client = await MongoClient.connect(plain(url))
  const all = async (writes: readonly Write[], session?: ClientSession) => {
    for (const write of writes) await run(client, write, session)
  }
  return {
    async write(...writes) {
      if (writes.length === 1) await all(writes)
      else await client.withSession((session) => session.withTransaction(() => all(writes, session)))
    },
    undo: (...writes) =>
      client.withSession(async (session) => {
        session.startTransaction()
        await all(writes, session)
        await session.abortTransaction()
      }),
    close: () => client.close(),
  }
}

async function run(client: MongoClient, write: Write, session?: ClientSession): Promise<void> {
  const options = { ...(session && { session }) }
  const table = (name: string) => client.db().collection<{ _id: string }>(name)
  if ('copy' in write) {
    const thing = await table('things').findOne({ _id: write.copy }, { ...options, ...asTheyAre })
    await table('things').insertOne(Object({ ...thing, _id: write.as }), options)
  } else if ('make' in write) {
    await table('people').insertOne(Object({ _id: write.make, name: write.name ?? 'Ann' }), options)
  } else if ('double' in write) {
    const people = await table('people').find({}, options).toArray()
    await table('people').insertMany(
      people.map((person) => ({ ...person, _id: `${person._id}x${write.double}` })),
      options,
    )
  } else if ('remove' in write) {
    await table(write.remove).deleteMany(filterOf(write.where), options)
  } else {
    const added = Object.entries(write.add ?? {}).map(([name, value]) => [name, Long.fromNumber(Number(value))])
    const change = { ...(write.set && { $set: write.set }), ...(write.add && { $inc: Object.fromEntries(added) }) }
    await table(write.change).updateMany(filterOf(write.where), change, options)
  }
}

function filterOf({ id, ...rest }: Values): Document {
  return { ...rest, ...(id !== undefined && { _id: id }) }
}

async function connected<T>(url: string, work: (client: MongoClient) => Promise<T>): Promise<T> {
  const client = await MongoClient.connect(plain(url))
  try {
    return await work(client)
  } finally {
    await client.close()
  }
}

/** Without what the package does not know. */
function plain(url: string): string {
  return url.replace(/[?&]capture=on/, '')
}

async function leftOf(client: MongoClient): Promise<readonly unknown[]> {
  const collections = await client.db().listCollections().toArray()
  const kept = collections.filter((each) => 'options' in each && each.options?.changeStreamPreAndPostImages?.enabled === true)
  const notes = client
    .db()
    .collection<{ _id: string }>('tapri_meta')
    .find({ _id: { $in: ['capture', 'captured'] } })
  return [...kept, ...(await notes.toArray())]
}

async function whyNot(server: string): Promise<string | false> {
  return connected(server, async (client) => {
    const stream = client.db().watch([], { maxAwaitTimeMS: 1 })
    return stream
      .tryNext()
      .then(
        () => false as const,
        (error) => `${server} has no change streams: ${error.message}`,
      )
      .finally(() => stream.close())
  })
}
