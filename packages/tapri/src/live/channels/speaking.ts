import { createHash } from 'node:crypto'
import { deny, invalid } from '../../kit/errors.ts'
import { encodeWire } from '../../kit/wire.ts'
import type { Validator } from '../../schema/index.ts'
import { compileFields } from '../../schema/index.ts'
import { liveError } from '../errors.ts'
import type { LiveCaller } from '../types.ts'
import { paramsReader } from './key.ts'
import { longestMessage } from './models.ts'
import type { Listener, Room } from './room.ts'
import type { ChannelRun, ChannelsOptions } from './seam.ts'
import type { MessageStore } from './store.ts'
import type { ChannelDefinition } from './types.ts'

/** A channel of the app, made ready. */
export interface CompiledChannel {
  readonly name: string
  readonly definition: ChannelDefinition
  /** @throws TAPRI_INVALID */
  readonly readParams: ReturnType<typeof paramsReader>
  readonly checkMessage: Validator
  readonly checkSignal: Validator | undefined
}

export function compileChannel(name: string, definition: ChannelDefinition): CompiledChannel {
  const { message, signal, join } = definition
  return {
    name,
    definition,
    readParams: paramsReader(join),
    checkMessage: compileFields(message, { source: 'json' }),
    checkSignal: signal === undefined ? undefined : compileFields(signal, { source: 'json' }),
  }
}

export interface Speaker<C> {
  readonly member: string
  readonly room: Room
  readonly listener: Listener
  readonly run: ChannelRun<C>
}

interface Said {
  /** By which a message that is sent again is known. */
  readonly key: string
  readonly message: unknown
}

/** A signal is passed to everybody at once, so it is short. */
const longestSignal = 2_048

/** What members say, on its way to the others. */
export class Speaking<C extends LiveCaller> {
  readonly #options: ChannelsOptions<C>
  readonly #store: MessageStore

  constructor(options: ChannelsOptions<C>, store: MessageStore) {
    this.#options = options
    this.#store = store
  }

  /** Resolves when the message is kept, or on its way where nothing is.
   * @throws TAPRI_INVALID, TAPRI_DENIED, TAPRI_LIVE_TOO_LARGE and what the channel refuses with */
  async say(channel: CompiledChannel, { key, message }: Said, by: Speaker<C>): Promise<void> {
    const said = await this.#options.send(by.run, checked(channel.checkMessage, message, 'message'))
    if (said === false) throw deny('Cannot send: the channel does not take this message')
    const body = bodyOf(said)
    const { room, member, listener, run } = by
    const { history } = channel.definition
    if (history === undefined) {
      const id = idOf(room.parts.key, run.caller === null ? null : member, key)
      await room.pass({ kind: 'message', id, at: new Date(this.#options.clock.now()), sender: member, body }, listener)
      return
    }
    const kept = { name: channel.name, channel: room.parts.key, sender: member, isNamed: run.caller !== null, key, body }
    await this.#store.append(kept, history)
  }

  /** @throws TAPRI_INVALID, TAPRI_LIVE_TOO_LARGE, TAPRI_LIVE_CHANNEL */
  async signal(channel: CompiledChannel, signal: unknown, { room, member, listener }: Speaker<C>): Promise<void> {
    await room.pass({ kind: 'signal', sender: member, signal: checkedSignal(channel, signal) }, listener)
  }
}

/** Of a message that is not kept: the same when it is sent again, so that it is known by it. A visitor comes back as another
 * member; its keys, which are told to nobody, are its own all the same. */
function idOf(channel: string, member: string | null, key: string): string {
  return createHash('sha256')
    .update(JSON.stringify([channel, member, key]))
    .digest('base64url')
}

/** A message as it travels.
 * @throws TAPRI_LIVE_TOO_LARGE */
export function bodyOf(message: unknown): string {
  const body = encodeWire(message)
  if (body.length > longestMessage) throw tooLarge(body.length, longestMessage)
  return body
}

/** @throws TAPRI_INVALID, TAPRI_LIVE_TOO_LARGE, TAPRI_LIVE_CHANNEL */
export function checkedSignal({ name, checkSignal }: CompiledChannel, signal: unknown): unknown {
  if (checkSignal === undefined) {
    throw liveError('TAPRI_LIVE_CHANNEL', `Cannot signal in "${name}": the channel declares no signal`)
  }
  const value = checked(checkSignal, signal, 'signal')
  const { length } = encodeWire(value)
  if (length > longestSignal) throw tooLarge(length, longestSignal)
  return value
}

/** @throws TAPRI_INVALID */
export function checked(check: Validator, given: unknown, of: string): unknown {
  const outcome = check(given)
  if ('issues' in outcome) throw invalid(outcome.issues, of)
  return outcome.value
}

function tooLarge(length: number, most: number) {
  return liveError('TAPRI_LIVE_TOO_LARGE', `Cannot send ${length} characters: at most ${most} are taken`)
}
