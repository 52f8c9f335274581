import type { IncomingMessage } from 'node:http'
import type { Commit } from '../data/index.ts'
import { systemClock } from '../kit/clock.ts'
import { closeCodes, liveProtocol } from '../kit/protocol.ts'
import { openChannels } from './channels/channels.ts'
import type { ChannelsOptions } from './channels/seam.ts'
import { Connection } from './connection.ts'
import { liveError } from './errors.ts'
import { EventLines } from './event-lines.ts'
import { Hub } from './hub.ts'
import { refuseOffer, refuseUpgrade } from './refuse.ts'
import { Shares } from './shares.ts'
import { type LiveSocket, openSockets } from './sockets.ts'
import type { Live, LiveCaller, LiveOptions } from './types.ts'
import { Work } from './work.ts'

/** How long clients may take to say goodbye when the server stops. */
const lastGoodbye = 1_000
/** More than the browsers behind one address open at once. */
const mostSockets = 1_000

interface ChannelsOption<C extends LiveCaller> {
  /** Absent in an app that has none. */
  readonly channels?: ChannelsOptions<C> | undefined
}

/**
 * Opens live answers on a database: each subscription is run again when a commit touches what it read, and is sent the
 * difference.
 * @example const live = openLive({ database, log, clock, run, identify, allowOrigin, senderOf, isLive }); http.onUpgrade('/api/live', live.upgrade, live)
 */
export function openLive<C extends LiveCaller>(options: LiveOptions<C> & ChannelsOption<C>): Live {
  const work = new Work()
  const hub = new Hub(options, work)
  const sockets = openSockets()
  const connections = new Set<Connection<C>>()
  const { maxSockets = mostSockets } = options
  const senders = new Shares(maxSockets)
  const lines = new EventLines(options)
  let opened = 0
  let isStopping = false
  let onEmpty = () => {}

  const channels = options.channels === undefined ? undefined : openChannels(options.channels, hub)

  const unsubscribe = options.database.changes.subscribe((commit: Commit) => {
    hub.onCommit(commit)
    // after what it has put in doubt: no message goes to who may not hear it
    channels?.onCommit(commit)
  })

  const connect = (request: IncomingMessage, open: LiveSocket, sender: string | undefined) => {
    const connection = new Connection(++opened, request, open, hub, () => forget(connection, sender), channels?.open)
    connections.add(connection)
    senders.add(sender)
    if (!senders.hasRoom(sender)) options.log.event('live.sender.full', { sender, sockets: maxSockets }, 'warn')
    return connection
  }

  const forget = (connection: Connection<C>, sender: string | undefined) => {
    connections.delete(connection)
    senders.remove(sender)
    if (connections.size === 0) onEmpty()
  }

  return {
    upgrade(request, socket, head) {
      const sender = options.senderOf(request)
      const refusal = refusalOf(request, sender)
      if (refusal !== undefined) refuseUpgrade(socket, refusal, options.log)
      else sockets.accept(request, socket, head, (open) => connect(request, open, sender))
    },
    offered(request, offer) {
      const sender = options.senderOf(request)
      const refusal = refusalOf(request, sender)
      if (refusal !== undefined) refuseOffer(offer, refusal, options.log)
      else sockets.take(offer, (open) => connect(request, open, sender))
    },
    async openLine(request, signal) {
      const id = await lines.newId()
      const sender = options.senderOf(request)
      const refusal = lineRefusalOf(request, sender)
      if (refusal !== undefined) throw refusal
      return lines.open(id, signal, (open) => connect(request, open, sender))
    },
    takeFrames: (request, { line, frames }) => lines.take(line, frames, { sender: options.senderOf(request) }),
    channel(definition, params, opening) {
      const found = channels?.find(definition, params, opening)
      if (found !== undefined) return found
      const { path } = definition.join
      throw liveError(
        'TAPRI_LIVE_NO_CHANNEL',
        `Cannot open the channel "${path}": the app does not have it, list it in \`channels\``,
      )
    },
    settled: () => work.idle(),
    get interests() {
      return hub.interests.size
    },
    get unindexed() {
      return hub.unindexed
    },
    get connections() {
      return connections.size
    },
    get subscriptions() {
      let count = 0
      for (const connection of connections) count += connection.subscriptions
      return count
    },
    async stop() {
      isStopping = true
      unsubscribe()
      const empty = new Promise<void>((resolve) => {
        onEmpty = resolve
      })
      for (const connection of connections) connection.close(closeCodes.restart, 'The server restarts')
      if (connections.size > 0) {
        const cancel = systemClock.after(lastGoodbye, () => {
          for (const connection of connections) connection.terminate()
        })
        await empty
        cancel()
      }
      await lines.stop()
      await channels?.stop()
    },
  }

  function lineRefusalOf(request: IncomingMessage, sender: string | undefined) {
    if (isStopping) return liveError('TAPRI_LIVE_STOPPED', 'Connect again in a moment: the server is stopping')
    if (!options.allowOrigin(request)) {
      return liveError(
        'TAPRI_LIVE_ORIGIN',
        `Cannot open a socket from "${request.headers.origin ?? 'nowhere'}": it is another site`,
      )
    }
    if (!senders.hasRoom(sender)) {
      return liveError('TAPRI_LIVE_SOCKETS', `Cannot open another socket: ${maxSockets} are open from this address`)
    }
    return undefined
  }

  function refusalOf(request: IncomingMessage, sender: string | undefined) {
    const refusal = lineRefusalOf(request, sender)
    if (refusal !== undefined) return refusal
    const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim())
    if (offered.includes(liveProtocol)) return undefined
    return liveError('TAPRI_LIVE_PROTOCOL', `Cannot open the socket: ask for the subprotocol "${liveProtocol}"`)
  }
}
