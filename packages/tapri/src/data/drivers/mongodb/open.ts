import { createHash, randomBytes } from 'node:crypto'
import { systemClock } from '../../../kit/clock.ts'
import { TapriError } from '../../../kit/errors.ts'
import type { DatabaseFacts, Driver, Surroundings } from '../../driver.ts'
import { dataError } from '../../errors.ts'
import { MongoDriver } from './driver.ts'
import { codeOf, translate } from './failure.ts'
import { makeKept } from './kept.ts'
import { lastPosition } from './log.ts'
import { openServer, type Server } from './server.ts'
import { type MongoUrl, placeOf, readUrl } from './url.ts'

/** Opens the database; MongoDB makes it when something is written.
 * @throws TAPRI_DATA_URL, TAPRI_DATA_OPEN, TAPRI_DATA_NO_SDK */
export async function openMongo(url: string, { clock }: Pick<Surroundings, 'clock'> = { clock: systemClock }): Promise<Driver> {
  const place = readUrl(url)
  let server: Server | undefined
  try {
    server = await openServer(place)
    const facts = await prepare(server)
    return new MongoDriver(server, facts, { captures: place.capture, clock })
  } catch (cause) {
    await server?.close()
    throw cannotOpen(place, translate(cause))
  }
}

/** The collections of the framework's own book-keeping. */
async function prepare(server: Server): Promise<DatabaseFacts> {
  for (const name of ['tapri_meta', 'tapri_changes', 'tapri_pieces', 'tapri_migrations']) await makeOnce(server, name)
  await makeKept(server, 'turn', { position: 0, holder: null, until: new Date(0) })
  const epoch = await metaOf(server, 'epoch', randomBytes(16).toString('hex'))
  const secret = await metaOf(server, 'secret', randomBytes(16).toString('hex'))
  await metaOf(server, 'forgotten', 0)
  await server.db.command({ createIndexes: 'tapri_changes', indexes: [{ key: { at: 1 }, name: 'at' }] })
  await server.db.command({ createIndexes: 'tapri_pieces', indexes: [{ key: { position: 1, part: 1 }, name: 'position' }] })
  return { epoch: await epochOf(server, String(epoch)), secret: String(secret), position: await lastPosition(server) }
}

/** Several nodes may start at once. */
async function makeOnce(server: Server, name: string): Promise<void> {
  try {
    await server.db.command({ create: name })
  } catch (cause) {
    // NamespaceExists
    if (codeOf(cause) !== 48) throw cause
  }
}

async function metaOf(server: Server, name: string, fresh: unknown): Promise<unknown> {
  await makeKept(server, name, { value: fresh })
  return (await server.meta().findOne({ _id: name }))?.value
}

/** A dump that is read into a database makes its collections anew, and so begins another epoch. */
async function epochOf(server: Server, made: string): Promise<string> {
  const [meta] = await server.db.listCollections({ name: 'tapri_meta' }).toArray()
  const identity = meta !== undefined && 'info' in meta ? meta.info?.uuid?.toString() : ''
  return createHash('sha256').update(`${made} ${identity}`).digest('hex').slice(0, 32)
}

function cannotOpen(place: MongoUrl, cause: unknown): unknown {
  if (cause instanceof TapriError && ['TAPRI_DATA_NO_SDK', 'TAPRI_DATA_URL'].includes(cause.code)) return cause
  const origin = cause instanceof TapriError && cause.cause instanceof Error ? cause.cause : cause
  const reason = origin instanceof Error && origin.message !== '' ? origin.message : 'the server does not answer'
  return dataError('TAPRI_DATA_OPEN', `Cannot open the database "${placeOf(place)}": ${reason}`, { cause })
}
