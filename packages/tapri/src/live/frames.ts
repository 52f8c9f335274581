import type { ChannelClientFrame } from '../kit/channel-protocol.ts'
import { parseJson } from '../kit/json.ts'
import { type CallFrame, type ClientFrame, maxSubscriptionId } from '../kit/protocol.ts'
import { decodeWire } from '../kit/wire.ts'
import { isChannelFrame, readChannelFrame } from './channels/frames.ts'
import { liveError } from './errors.ts'

/**
 * Reads one frame of a client.
 * @throws TAPRI_LIVE_FRAME, TAPRI_KIT_JSON for what no client of ours sends
 */
export function readFrame(text: string): ClientFrame | ChannelClientFrame {
  // read twice: the first refuses depth and prototype keys, the second knows times
  parseJson(text)
  const frame = decodeWire(text)
  if (!isEntries(frame)) throw garbage('it is not an object')
  switch (frame.type) {
    case 'hello':
      return { type: 'hello', ...readText(frame, 'token', 4096) }
    case 'subscribe':
      return {
        type: 'subscribe',
        id: readId(frame),
        ...readRoute(frame),
        input: readInput(frame),
        ...readText(frame, 'etag', 64),
      }
    case 'unsubscribe':
      return { type: 'unsubscribe', id: readId(frame) }
    case 'auth':
      return { type: 'auth', token: readText(frame, 'token', 4096).token ?? '' }
    case 'call':
      return { type: 'call', id: readId(frame), ...readCall(frame) }
    case 'ping':
      return { type: 'ping', ...readText(frame, 'at', 64) }
    case 'pong':
      return { type: 'pong' }
    default:
      if (isChannelFrame(frame)) return readChannelFrame(frame)
      throw garbage('its type is none of hello, auth, subscribe, unsubscribe, call, ping, pong, join, leave, send, signal')
  }
}

/** The subscription that a frame which made no sense was about, so that the error reaches it. */
export function idOfGarbage(text: string): number | undefined {
  const match = /^\{"type":"subscribe","id":(\d{1,10})[,}]/.exec(text)
  const id = Number(match?.[1])
  return isSubscriptionId(id) ? id : undefined
}

type Entries = Readonly<Record<string, unknown>>

function readId(frame: Entries): number {
  if (!isSubscriptionId(frame.id)) throw garbage(`"id" must be a whole number from 0 to ${maxSubscriptionId}`)
  return frame.id
}

function readRoute(frame: Entries): { route: string } {
  if (typeof frame.route !== 'string' || frame.route.length > 256)
    throw garbage('"route" must be a name of at most 256 characters')
  return { route: frame.route }
}

const methods: ReadonlySet<unknown> = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])

function readCall(frame: Entries): Omit<CallFrame, 'type' | 'id'> {
  const { method, path, body } = frame
  if (typeof method !== 'string' || !methods.has(method)) throw garbage(`"method" must be one of ${[...methods].join(', ')}`)
  // one slash: two would begin another host
  if (typeof path !== 'string' || !/^\/(?![/\\])[!-~]{0,2048}$/.test(path))
    throw garbage('"path" must be the path of a route, percent-encoded')
  return { method, path, ...(body !== undefined && { body }), ...readText(frame, 'key', 255) }
}

function readInput(frame: Entries): Entries {
  const input = frame.input ?? {}
  if (!isEntries(input)) throw garbage('"input" must be an object')
  if (!isPlain(input)) throw garbage('"input" has a time or a number that is none')
  return input
}

/** Neither `~tsoon` nor 1e400: such values look like null where inputs are compared, and are not answered as null is. */
function isPlain(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value)
  if (value instanceof Date) return !Number.isNaN(value.getTime())
  return typeof value !== 'object' || value === null || Object.values(value).every(isPlain)
}

function readText<const Key extends string>(frame: Entries, key: Key, max: number): { readonly [K in Key]?: string } {
  const text = frame[key]
  if (text === undefined) return {}
  if (typeof text !== 'string' || text.length > max) throw garbage(`"${key}" must be text of at most ${max} characters`)
  return named(key, text)
}

// A computed key loses its name for the compiler; it is the one given.
function named<Key extends string>(key: Key, text: string): { readonly [K in Key]?: string } {
  return { [key]: text } as { readonly [K in Key]?: string }
}

function isSubscriptionId(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= maxSubscriptionId
}

function isEntries(value: unknown): value is Entries {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
}

function garbage(why: string) {
  return liveError('TAPRI_LIVE_FRAME', `Cannot read the frame: ${why}`)
}
