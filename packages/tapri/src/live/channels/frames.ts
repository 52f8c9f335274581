import { type ChannelClientFrame, type ChannelServerFrame, maxJoinId } from '../../kit/channel-protocol.ts'
import { encodeWire } from '../../kit/wire.ts'
import { liveError } from '../errors.ts'
import type { KeptMessage } from './store.ts'

const types: ReadonlySet<unknown> = new Set(['join', 'leave', 'send', 'signal'])

type Entries = Readonly<Record<string, unknown>>

/** Whether the frame is about channels. */
export function isChannelFrame<Frame extends { readonly type?: unknown }>(frame: Frame): frame is Frame & ChannelClientFrame {
  return types.has(frame.type)
}

/**
 * Reads one frame of a client, which has been parsed.
 * @throws TAPRI_LIVE_FRAME
 */
export function readChannelFrame(frame: Entries): ChannelClientFrame {
  const { id } = frame
  if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id > maxJoinId)
    throw garbage(`"id" must be a whole number from 0 to ${maxJoinId}`)
  switch (frame.type) {
    case 'join':
      return {
        type: 'join',
        id,
        channel: readText(frame, 'channel', 100),
        params: readParams(frame.params ?? {}),
        ...(frame.since !== undefined && { since: readText(frame, 'since', 64) }),
      }
    case 'leave':
      return { type: 'leave', id }
    case 'send':
      return { type: 'send', id, key: readText(frame, 'key', 64), message: frame.message }
    default:
      return { type: 'signal', id, signal: frame.signal }
  }
}

/** Of a topic, to be sent to all who hear it. */
export function messageText(
  topic: number,
  { number, id, at, sender, body }: Omit<KeptMessage, 'channel' | 'number'> & { number?: number },
) {
  const head = encodeWire({ type: 'message', topic, ...(number !== undefined && { number }), id, at, from: sender })
  // the body is encoded already
  return `${head.slice(0, -1)},"body":${body}}`
}

export function frameText(frame: ChannelServerFrame): string {
  return encodeWire(frame)
}

function readText(frame: Entries, key: string, max: number): string {
  const text = frame[key]
  if (typeof text === 'string' && text !== '' && text.length <= max) return text
  throw garbage(`"${key}" must be text of 1 to ${max} characters`)
}

/** Values of a path: texts, numbers, truth. */
function readParams(params: unknown): Readonly<Record<string, string>> {
  if (typeof params !== 'object' || params === null || Array.isArray(params)) throw garbage('"params" must be an object')
  const entries = Object.entries(params).map(([name, value]: [string, unknown]) => {
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return [name, String(value)]
    if (value instanceof Date && !Number.isNaN(value.getTime())) return [name, value.toISOString()]
    throw garbage(`"params" has "${name}", which is no value of a path`)
  })
  return Object.fromEntries(entries)
}

function garbage(why: string) {
  return liveError('TAPRI_LIVE_FRAME', `Cannot read the frame: ${why}`)
}
