import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** A way to the server that can be held up and cut, as lines are. */
export interface Line extends AsyncDisposable {
  readonly url: string
  /** Nothing gets through, and nobody is told. */
  hold(): void
  /** What was held up arrives. */
  release(): void
  /** Every connection breaks, and new ones do too. */
  cut(): void
  mend(): void
}

export async function openLine(to: string): Promise<Line> {
  const { port, hostname } = new URL(to)
  const sockets = new Set<Socket>()
  let isHeld = false
  let isCut = false
  const add = (socket: Socket) => {
    sockets.add(socket)
    // a socket that breaks is what this is about
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  }
  const server = createServer((near) => {
    add(near)
    if (isCut) return near.destroy()
    const far = connect(Number(port), hostname)
    add(far)
    for (const [from, on] of [[near, far] as const, [far, near] as const]) {
      from.on('data', (part) => on.write(part))
      from.on('close', () => on.destroy())
      if (isHeld) from.pause()
    }
  })
  await once(server.listen(0, hostname), 'listening')
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('Cannot open a line: it has no port')
  const cut = () => {
    isCut = true
    for (const socket of sockets) socket.destroy()
  }
  return {
    url: `http://${hostname}:${address.port}`,
    hold() {
      isHeld = true
      for (const socket of sockets) socket.pause()
    },
    release() {
      isHeld = false
      for (const socket of sockets) socket.resume()
    },
    cut,
    mend() {
      isCut = false
    },
    async [Symbol.asyncDispose]() {
      cut()
      server.close()
      await once(server, 'close')
    },
  }
}
