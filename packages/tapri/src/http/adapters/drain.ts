import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Clock } from '../../kit/clock.ts'

/** Milliseconds in which a request that is already on its way may still arrive on an idle connection. */
const grace = 1000
const pace = 100

/**
 * Waits for a server that accepts no more to run empty: connections whose answer is out close with it, idle
 * ones after a moment of grace, whatever is left at the deadline is cut. `sockets` says of each how many bytes it had
 * brought before it could ask anything.
 */
export async function drain(
  server: Server,
  sockets: ReadonlyMap<Socket, number>,
  closed: Promise<void>,
  options: { readonly deadline: number; readonly clock: Clock },
): Promise<void> {
  const { clock, deadline } = options
  let stopIdle = clock.after(Math.min(grace, deadline), closeIdle)
  const stopDeadline = clock.after(deadline, () => {
    for (const socket of sockets.keys()) socket.destroy()
  })
  await closed
  stopIdle()
  stopDeadline()

  function closeIdle(): void {
    server.closeIdleConnections()
    // Connections opened ahead, as browsers do, on which nothing was asked yet do not count as idle
    for (const [socket, before] of sockets) if (socket.bytesRead === before) socket.destroy()
    stopIdle = clock.after(pace, closeIdle)
  }
}
