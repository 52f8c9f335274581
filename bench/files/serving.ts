import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { tmpdir } from 'node:os'

/** Where a server keeps what it is sent, or finds what it serves: its parent says so. */
export const folder = process.env.BENCH_FILES_FOLDER ?? tmpdir()
/** The file that servers of folders serve. */
export const name = 'film.bin'

/** Serves on a free port, and tells the parent of it. */
export async function serve(listener: RequestListener): Promise<void> {
  const server = createServer({ requestTimeout: 0 }, listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (typeof address === 'object' && address !== null) tell(address.port)
}

export function tell(port: number): void {
  process.on('disconnect', () => process.exit())
  // a channel that nobody listens to does not keep a process
  process.on('message', () => {})
  process.send?.({ port, pid: process.pid })
}
