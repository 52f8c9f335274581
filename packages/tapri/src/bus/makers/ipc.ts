import { connect, type Socket } from 'node:net'
import { Lock } from '../../kit/lock.ts'
import { busError } from '../errors.ts'
import { frameOf, frameReader, kinds } from '../ipc/frames.ts'
import { clearAddress, makePlace, type Place } from '../ipc/place.ts'
import { Switchboard } from '../ipc/switchboard.ts'
import { takeTurn } from '../ipc/turn.ts'
import type { Line, LineEnds, LineMaker } from '../line.ts'

/**
 * The processes of one machine, without any server: they meet in a private folder, like `ipc:./data/bus`. One of them
 * serves the others; when it ends, however it ends, another one takes over.
 * @throws TAPRI_BUS_URL, TAPRI_BUS_FOLDER
 */
export function ipcMaker(url: string): LineMaker {
  const [, path = ''] = /^ipc:([^?#]+)$/.exec(url) ?? []
  if (path === '') throw busError('TAPRI_BUS_URL', `Cannot open the bus "${url}": it must name a folder, like "ipc:./data/bus"`)
  const place = makePlace(path)
  const seat = new Seat(place)
  return {
    kind: 'ipc',
    shown: url,
    async open(ends) {
      await seat.take()
      return talk(await connected(place.address), ends)
    },
    close: () => seat.leave(),
  }
}

/** That of whoever serves the others. */
class Seat {
  readonly #place: Place
  /** Whoever is about to sit down is waited for by whoever leaves. */
  readonly #lock = new Lock()
  #giveBack: (() => void) | undefined
  #switchboard: Switchboard | undefined
  #isLeft = false

  constructor(place: Place) {
    this.#place = place
  }

  /** Serves the others from now on, unless one does already. */
  take(): Promise<void> {
    return this.#lock.run(async () => {
      if (this.#switchboard !== undefined || this.#isLeft) return
      this.#giveBack ??= takeTurn(this.#place.turn)
      if (this.#giveBack === undefined) return
      clearAddress(this.#place)
      const switchboard = new Switchboard()
      await switchboard.open(this.#place.address)
      this.#switchboard = switchboard
    })
  }

  leave(): Promise<void> {
    return this.#lock.run(async () => {
      this.#isLeft = true
      await this.#switchboard?.close()
      this.#giveBack?.()
    })
  }
}

async function connected(address: string): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const socket = connect(address, resolve)
  socket.once('error', reject)
  await promise
  socket.off('error', reject)
  return socket
}

function talk(socket: Socket, { hear, lost }: LineEnds): Line {
  const waiting: PromiseWithResolvers<void>[] = []
  const end = (why: Error) => {
    for (const { reject } of waiting.splice(0)) reject(why)
    lost(why)
  }
  const read = frameReader(({ kind, topic, text }) => {
    if (kind === kinds.publish) hear(topic, text.toString('utf8'))
    else waiting.shift()?.resolve()
  })
  socket.on('error', end)
  socket.on('close', () => end(new Error('the process that served the others has ended')))
  socket.on('data', (chunk) => {
    try {
      read(chunk)
    } catch (error) {
      socket.destroy(error instanceof Error ? error : undefined)
    }
  })
  const ask = (kind: number, topic?: string, text?: string): Promise<void> => {
    if (socket.destroyed) return Promise.reject(new Error('the connection is closed'))
    const answer = Promise.withResolvers<void>()
    waiting.push(answer)
    socket.write(frameOf(kind, topic, text))
    return answer.promise
  }
  return {
    publish: (topic, text) => ask(kinds.publish, topic, text),
    listen: (topic) => ask(kinds.listen, topic),
    unlisten: (topic) => ask(kinds.unlisten, topic),
    ping: () => ask(kinds.ping),
    close: async () => void socket.destroy(),
  }
}
