import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** A way to a server that can be closed, and opened again. */
export async function gateTo(url: string) {
  const target = new URL(url)
  const open = new Set<Socket>()
  let isClosed = false
  const server = createServer((socket) => {
    socket.on('error', () => {})
    if (isClosed) {
      socket.destroy()
      return
    }
    const beyond = connect(Number(target.port), target.hostname)
    beyond.on('error', () => {})
    for (const end of [socket, beyond]) open.add(end)
    socket.pipe(beyond).pipe(socket)
    socket.on('close', () => beyond.destroy())
    beyond.on('close', () => socket.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : 0
  return {
    url: `http://127.0.0.1:${port}${target.pathname}`,
    close() {
      isClosed = true
      for (const socket of open) socket.destroy()
      open.clear()
    },
    open() {
      isClosed = false
    },
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Sockets whose messages can be held back. */
export function heldSockets() {
  let held: (() => void)[] | undefined
  let wake = () => {}
  class HeldSocket extends WebSocket {
    // a listener is passed on as it is, whatever it listens to
    override addEventListener(type: string, listener: any, options?: any): void {
      const own = (event: Event) => {
        if (held === undefined) return listener(event)
        held.push(() => listener(event))
        wake()
      }
      super.addEventListener(type, type === 'message' ? own : listener, options)
    }
  }
  return {
    WebSocket: HeldSocket,
    hold() {
      held ??= []
    },
    /** Resolves once a message is held back. */
    async heldOne() {
      while (held?.length === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
    release() {
      const messages = held ?? []
      held = undefined
      for (const message of messages) message()
    },
  }
}
