import type { NatsConnection, Subscription } from '@nats-io/transport-node'
import { busError } from '../errors.ts'
import { largestText } from '../limits.ts'
import type { Line, LineEnds, LineMaker } from '../line.ts'

type Sdk = typeof import('@nats-io/transport-node')

interface NatsUrl {
  /** `host:port` of each server of the cluster. */
  readonly servers: string[]
  readonly user: string | undefined
  readonly pass: string | undefined
  readonly token: string | undefined
  readonly tls: boolean
  /** In front of every subject of ours. */
  readonly prefix: string
  readonly shown: string
}

/** Milliseconds. */
const connectTimeout = 2000

/**
 * NATS without streams: `nats://user:password@host:4222?prefix=tapri`, `nats://token@host`, `tls://one,other`.
 * @throws TAPRI_BUS_URL, TAPRI_BUS_NO_SDK
 */
export async function natsMaker(text: string): Promise<LineMaker> {
  const url = readUrl(text)
  const sdk = await load()
  return { kind: 'nats', shown: url.shown, open: (ends) => open(sdk, url, ends) }
}

async function open(sdk: Sdk, url: NatsUrl, { hear, lost }: LineEnds): Promise<Line> {
  const connection = await sdk.connect({
    servers: url.servers,
    name: 'tapri',
    timeout: connectTimeout,
    // a new line is made instead, so that nobody takes a gap for silence
    reconnect: false,
    noAsyncTraces: true,
    ...(url.user !== undefined && { user: url.user }),
    ...(url.pass !== undefined && { pass: url.pass }),
    ...(url.token !== undefined && { token: url.token }),
    ...(url.tls && { tls: {} }),
  })
  void connection.closed().then((error) => lost(error instanceof Error ? error : new Error('the connection is closed')))
  const largest = connection.info?.max_payload ?? largestText
  if (largest < largestText) {
    await connection.close()
    throw new Error(`it carries ${largest} bytes at most, set its max_payload to ${largestText} or more`)
  }
  const subscriptions = new Map<string, Subscription>()
  const subjectOf = (topic: string) => `${url.prefix}.${Buffer.from(topic).toString('base64url')}`
  const flushed = flushing(connection)
  const refusals = new Map<string, Error>()
  void noteRefusals(connection, refusals)
  const refused = (to: string, topic: string, cause: Error) =>
    busError('TAPRI_BUS_REFUSED', `Cannot ${to} "${topic}" in the NATS "${url.shown}": ${cause.message}`, { cause })
  return {
    async publish(topic, text) {
      const subject = subjectOf(topic)
      connection.publish(subject, text)
      await flushed()
      const refusal = refusals.get(subject)
      if (refusal === undefined) return
      refusals.delete(subject)
      throw refused('publish to', topic, refusal)
    },
    async listen(topic) {
      const { promise: refusal, reject } = Promise.withResolvers<never>()
      const callback = (error: Error | null, message: { string(): string }) => {
        if (error === null) hear(topic, message.string())
        else reject(refused('hear', topic, error))
      }
      subscriptions.set(topic, connection.subscribe(subjectOf(topic), { callback }))
      await Promise.race([flushed(), refusal])
    },
    async unlisten(topic) {
      subscriptions.get(topic)?.unsubscribe()
      subscriptions.delete(topic)
    },
    ping: flushed,
    close: () => connection.close().catch(ignore),
  }
}

/** The server says beside its answers what may not be published. */
async function noteRefusals(connection: NatsConnection, refusals: Map<string, Error>): Promise<void> {
  for await (const status of connection.status()) {
    if (status.type !== 'error' || !('operation' in status.error) || status.error.operation !== 'publish') continue
    if ('subject' in status.error) refusals.set(String(status.error.subject), status.error)
  }
}

/** Whoever asks in one turn waits for one answer of the server, or for the end of the connection. */
function flushing(connection: NatsConnection): () => Promise<void> {
  const waiting = new Set<(why: Error) => void>()
  // the package leaves who waits for an answer alone when it closes
  void connection.closed().then(() => {
    for (const reject of waiting) reject(new Error('the connection is closed'))
  })
  let next: Promise<void> | undefined
  const flush = async () => {
    await null
    next = undefined
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    waiting.add(reject)
    connection.flush().then(resolve, reject)
    await promise.finally(() => waiting.delete(reject))
  }
  return () => {
    next ??= flush()
    return next
  }
}

function readUrl(text: string): NatsUrl {
  const form = 'it must be like "nats://user:password@host:4222", with %-signs for special characters'
  const [, scheme, credentials, hosts = '', query] =
    /^(nats|tls):\/\/(?:([^@/?#]*)@)?([^@/?#]*)\/?(?:\?([^#]*))?$/.exec(text) ?? []
  const servers = hosts.split(',').map(serverOf)
  const [user, pass] = partsOf(credentials)
  // the text may hold a password, so it is not repeated
  if (!areServers(servers) || user === null || pass === null) {
    throw busError('TAPRI_BUS_URL', `Cannot open the NATS bus: its URL cannot be read, ${form}`)
  }
  const shown = `${scheme}://${hosts}`
  const wrong = (why: string) => busError('TAPRI_BUS_URL', `Cannot open the bus "${shown}": ${why}`)
  const options = new URLSearchParams(query)
  const stranger = [...options.keys()].find((name) => name !== 'prefix')
  if (stranger !== undefined) throw wrong(`it has the option "${stranger}", known is prefix`)
  const prefix = options.get('prefix') ?? 'tapri'
  if (!/^[\w-]{1,100}$/.test(prefix)) throw wrong(`prefix is "${prefix}", it must be letters, digits, "_" and "-"`)
  const isToken = user !== undefined && pass === undefined
  return {
    servers,
    user: isToken ? undefined : user,
    pass,
    token: isToken ? user : undefined,
    tls: scheme === 'tls',
    prefix,
    shown,
  }
}

/** A host with its port; undefined when it is none. */
function serverOf(text: string): string | undefined {
  const url = URL.parse(`nats://${text}`)
  if (url === null || url.host === '') return undefined
  return url.port === '' ? `${url.hostname}:4222` : url.host
}

function areServers(servers: readonly (string | undefined)[]): servers is string[] {
  return !servers.includes(undefined)
}

/** Name and password; null for one that cannot be read. */
function partsOf(credentials: string | undefined): readonly (string | null | undefined)[] {
  if (credentials === undefined || credentials === '') return []
  const at = credentials.indexOf(':')
  const parts = at === -1 ? [credentials] : [credentials.slice(0, at), credentials.slice(at + 1)]
  return parts.map((part) => {
    try {
      return decodeURIComponent(part)
    } catch {
      // said by the caller, who knows what must not be repeated
      return null
    }
  })
}

async function load(): Promise<Sdk> {
  try {
    return await import('@nats-io/transport-node')
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'ERR_MODULE_NOT_FOUND')) throw cause
    const how = 'the package "@nats-io/transport-node" is not installed, run "npm install @nats-io/transport-node"'
    throw busError('TAPRI_BUS_NO_SDK', `Cannot use NATS: ${how}`, { cause })
  }
}

function ignore(): void {}
