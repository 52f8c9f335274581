import type { Change, Commit } from '../../data/index.ts'
import { Limit } from '../../http/index.ts'
import { Repeated } from '../../kit/repeated.ts'
import type { LiveCaller } from '../types.ts'
import { doubtBy } from './doubt.ts'
import { Forerunners } from './forerunners.ts'
import { keyOf } from './key.ts'
import { channelModels } from './models.ts'
import { Presence } from './presence.ts'
import { Room } from './room.ts'
import type { ChannelSession, ChannelSocket, ChannelsOptions, Watch } from './seam.ts'
import { type ChannelOpening, serverChannel } from './server-channel.ts'
import { Session } from './session.ts'
import { type CompiledChannel, compileChannel, Speaking } from './speaking.ts'
import { MessageStore, messageIn } from './store.ts'
import type { ChannelDefinition, ServerChannel } from './types.ts'

/** The channels of one node. */
export interface OpenChannels<C> {
  /** The channels of a socket, which says hello first. */
  open(socket: ChannelSocket<C>): ChannelSession
  /** A channel as the app's own code has it; undefined when there is no such channel.
   * @throws TAPRI_INVALID, TAPRI_LIVE_CHANNEL */
  find(
    definition: ChannelDefinition,
    params: Params,
    opening: ChannelOpening,
  ): ServerChannel<unknown, unknown, unknown> | undefined
  /** Called with each commit after whatever it changes of sessions and rules is in doubt: no message is heard by who may not. */
  onCommit(commit: Commit): void
  /** Removes what is kept no longer. */
  sweep(): Promise<void>
  /** Takes away the members of this node. Call it before the database closes. */
  stop(): Promise<void>
}

type Params = Readonly<Record<string, unknown>>

/** Of one socket: so many at once, and the same number again in this time. */
const messageLimit = { tries: 30, per: 10_000 }
const signalLimit = { tries: 30, per: 10_000 }
const joinLimit = { tries: 100, per: 10_000 }
const sweptEvery = 3_600_000
const readAgainAfter = 1_000
const ownTables: ReadonlySet<string> = new Set(Object.keys(channelModels))
/** Whether anything in one of our tables may have changed. */
const isUnknown = ({ model, before, after }: Change) => before === null && after === null && ownTables.has(model)

/**
 * Opens the channels of an app.
 * @example const channels = openChannels(options, hub); const session = channels.open(connection)
 */
export function openChannels<C extends LiveCaller>(options: ChannelsOptions<C>, watch: Watch<C>): OpenChannels<C> {
  const { database, bus, clock, log } = options
  const channels = new Map(Object.entries(options.channels).map(([name, definition]) => [name, compileChannel(name, definition)]))
  const rooms = new Map<string, Room>()
  const sessions = new Set<Session<C>>()
  const closing = new Set<Promise<void>>()
  const store = new MessageStore(database, clock)
  const presence = new Presence({
    database,
    clock,
    log,
    begin: (work) => watch.begin(work),
    onDead: (node) => {
      for (const room of rooms.values()) room.onDead(node)
    },
    onReturn: () => {
      for (const room of rooms.values()) untilDone(room, () => room.refresh())
    },
  })
  const forerunners = new Forerunners({
    changes: database.changes,
    clock,
    begin: (work) => watch.begin(work),
    doubt: (commits) => doubtBy(watch, commits),
    doubtAll: () => {
      for (const session of sessions) session.reconsider()
    },
  })
  const endGaps = bus.onGap(() => {
    for (const room of rooms.values()) room.onGap()
  })
  let topics = 0
  let sweptAt = 0
  let isStopped = false
  const sweeps = new Repeated(() => sweep().catch((error: unknown) => log.event('live.channel.failed', { error }, 'warn')))
  let cancelSweep = clock.after(0, sweepHourly)

  const parts = {
    options,
    watch,
    store,
    presence,
    channels,
    speaking: new Speaking(options, store),
    limits: {
      joins: new Limit({ clock, ...joinLimit }),
      messages: new Limit({ clock, ...messageLimit }),
      signals: new Limit({ clock, ...signalLimit }),
    },
    roomOf(channel: CompiledChannel, params: Params): Room {
      const key = keyOf(channel.name, params)
      const known = rooms.get(key)
      if (known !== undefined) return known
      const { name, definition } = channel
      const common = { bus, forerunners, presence, clock }
      const room = new Room({ key, name, topic: ++topics, node: presence.node, definition, ...common })
      rooms.set(key, room)
      return room
    },
    leaveRoom(room: Room): void {
      if (!room.isEmpty || rooms.get(room.parts.key) !== room) return
      rooms.delete(room.parts.key)
      const end = room.close().catch((error: unknown) => log.event('live.channel.failed', { error }, 'warn'))
      closing.add(end)
      end.finally(() => closing.delete(end))
    },
  }

  return {
    open(socket) {
      const session = new Session(parts, socket, () => sessions.delete(session))
      sessions.add(session)
      return session
    },
    find(definition, params, opening) {
      const channel = [...channels.values()].find((each) => each.definition === definition)
      return channel === undefined
        ? undefined
        : serverChannel({ database, bus, clock, store, presence, forerunners }, channel, params, opening)
    },
    onCommit(commit) {
      if (commit.changes.some(isUnknown)) for (const room of rooms.values()) untilDone(room, () => readAgain(room))
      for (const change of commit.changes) {
        const message = messageIn(change)
        if (message !== undefined) rooms.get(message.channel)?.onMessage(message)
        const member = presence.onChange(change)
        if (member !== undefined) rooms.get(member.row.channel)?.onMember(member.row, member.isThere)
      }
      forerunners.onCommit(commit)
    },
    sweep,
    async stop() {
      isStopped = true
      cancelSweep()
      endGaps()
      forerunners.stop()
      for (const session of [...sessions]) session.stop()
      await sweeps.end()
      await Promise.all(closing)
      await presence.stop().catch((error: unknown) => log.event('live.presence.failed', { error }, 'warn'))
    },
  }

  /** The log is lost up to some place, which tells of no row. */
  async function readAgain(room: Room): Promise<void> {
    const { key, definition } = room.parts
    await room.onLost(definition.history === undefined ? 0 : ((await store.last(key)) ?? 0))
  }

  /** Reads for the room, again until it can be read. */
  function untilDone(room: Room, read: () => Promise<void>): void {
    watch.begin(async () => {
      try {
        await read()
      } catch (error) {
        log.event('live.channel.failed', { error }, 'warn')
        clock.after(readAgainAfter, () => !isStopped && rooms.get(room.parts.key) === room && untilDone(room, read))
      }
    })
  }

  async function sweep(): Promise<void> {
    const since = sweptAt
    sweptAt = clock.now() - sweptEvery
    for (const { name, definition } of channels.values()) {
      if (definition.history !== undefined && !isStopped) await store.sweep(name, definition.history, since)
    }
    if (!isStopped) await presence.sweep()
  }

  function sweepHourly(): void {
    cancelSweep = clock.after(sweptEvery, sweepHourly)
    sweeps.ask()
  }
}
