import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import type { TapriError } from '../kit/errors.ts'
import type { Log } from '../observe/index.ts'
import { liveProblem } from './problem.ts'

/** Answers an upgrade that is not taken, and closes its socket. */
export function refuseUpgrade(socket: Duplex, error: TapriError, log: Log): void {
  const body = JSON.stringify(liveProblem(error, {}, log))
  // the sender may be gone already, which ends nothing but this socket
  socket.on('error', () => socket.destroy())
  socket.end(
    [
      `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status]}`,
      'Content-Type: application/problem+json',
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Cache-Control: no-store',
      'X-Content-Type-Options: nosniff',
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  )
}
