import { randomBytes } from 'node:crypto'
import { systemClock } from '../../kit/clock.ts'
import { placeOf } from '../../kit/server-url.ts'
import { connectionSettings, loadPostgres, type PostgresUrl, type pg, readPostgresUrl } from '../../postgres/index.ts'
import { busError } from '../errors.ts'
import type { Line, LineEnds, LineMaker } from '../line.ts'
import { Gatherer } from '../postgres/gatherer.ts'
import { joined, piecesOf } from '../postgres/pieces.ts'

/**
 * LISTEN and NOTIFY on one channel for each schema, over one connection. Every process hears all of it.
 * @throws TAPRI_BUS_URL, TAPRI_BUS_NO_SDK
 */
export async function postgresMaker(text: string): Promise<LineMaker> {
  const url = readPostgresUrl(text, { opens: 'bus', refuse: (message, options) => busError('TAPRI_BUS_URL', message, options) })
  const sdk = await loadPostgres((message, options) => busError('TAPRI_BUS_NO_SDK', message, options))
  return { kind: 'postgres', shown: placeOf(url), open: (ends) => open(new sdk.Client(settingsOf(url)), ends) }
}

function settingsOf(url: PostgresUrl): pg.ClientConfig {
  return { ...connectionSettings(url), application_name: `${url.application} bus` }
}

async function open(client: pg.Client, { hear, lost }: LineEnds): Promise<Line> {
  client.on('error', lost)
  client.on('end', () => lost(new Error('the connection is closed')))
  const sender = randomBytes(6).toString('base64url')
  let channel = ''
  try {
    await client.connect()
    const { rows } = await client.query('select current_schema() as schema')
    channel = `tapri_bus_${String(rows[0]?.schema).replaceAll('"', '')}`.slice(0, 63)
    const join = joined((messages) => {
      for (const [topic, text] of messages) hear(topic, text)
    })
    client.on('notification', ({ payload }) => join(payload ?? ''))
    // what it writes are notifications alone
    await client.query(`set synchronous_commit = off; listen "${channel}"`)
  } catch (cause) {
    // nobody waits for the end of a connection that is given up
    client.end().catch(ignore)
    throw cause
  }
  let batches = 0
  // what a server bears is a matter of real time
  const gatherer = new Gatherer(systemClock, async (messages) => {
    const pieces = piecesOf(messages, `${sender}${(batches++).toString(36)}`)
    await client.query({ name: 'tapri_bus', text: notify, values: [channel, pieces] })
  })
  return {
    publish: (topic, text) => gatherer.add(topic, text),
    async listen() {},
    async unlisten() {},
    ping: async () => void (await client.query('select 1')),
    async close() {
      gatherer.close()
      client.end().catch(ignore)
    },
  }
}

const notify = 'select count(pg_notify($1, piece)) from unnest($2::text[]) as piece'

function ignore(): void {}
