import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'

interface Line {
  readonly near: Socket
  readonly far: Socket
}

/** What stands between one client and its node: it cuts, keeps back, delays and throttles. */
export async function openBadLine(target: () => number | undefined) {
  const lines = new Set<Line>()
  let opened = Promise.resolve()
  let open: (() => void) | undefined
  /** Milliseconds that each piece takes, and its bytes. */
  let pace: { readonly milliseconds: number; readonly bytes: number } | undefined

  async function carry(from: Socket, to: Socket): Promise<void> {
    try {
      for await (const chunk of from) {
        const size = pace?.bytes ?? chunk.length
        for (let start = 0; start < chunk.length; start += size) {
          if (pace !== undefined) await wait(pace.milliseconds)
          await opened
          if (!to.writable) return
          if (!to.write(chunk.subarray(start, start + size))) await Promise.race([once(to, 'drain'), once(to, 'close')])
        }
      }
    } catch {
      // cut off: the other end is told below
    } finally {
      if (!ghosts.has(to)) to.destroy()
    }
  }

  /** Ends that are not told that the other one is gone. */
  const ghosts = new Set<Socket>()

  const server = createServer((near) => {
    const port = target()
    near.on('error', () => {})
    if (port === undefined) {
      near.destroy()
      return
    }
    const far = connect(port, '127.0.0.1')
    far.on('error', () => {})
    const line = { near, far }
    lines.add(line)
    for (const end of [near, far]) end.once('close', () => near.destroyed && far.destroyed && lines.delete(line))
    void carry(near, far)
    void carry(far, near)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/api`,
    /** Cuts every line, half frames and all. */
    cut(): void {
      for (const { near, far } of lines) {
        near.resetAndDestroy()
        far.resetAndDestroy()
      }
    },
    /** The client is gone, and the node does not know: it finds out by itself. */
    leave(): void {
      for (const { near, far } of lines) {
        ghosts.add(far)
        near.destroy()
      }
    },
    /** Nothing passes until it is released. */
    hold(): void {
      if (open !== undefined) return
      const held = Promise.withResolvers<void>()
      opened = held.promise
      open = held.resolve
    },
    /** From now on pieces of so many bytes take so long each. */
    slow(milliseconds: number, bytes: number): void {
      pace = { milliseconds, bytes }
    },
    release(): void {
      open?.()
      open = undefined
      opened = Promise.resolve()
      pace = undefined
    },
    async close(): Promise<void> {
      this.release()
      for (const { near, far } of lines) {
        near.destroy()
        far.destroy()
      }
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
export type BadLine = Awaited<ReturnType<typeof openBadLine>>
