import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Offer } from '../http/index.ts'
import type { TapriError } from '../kit/errors.ts'
import type { Log } from '../observe/index.ts'
import { liveProblem } from './problem.ts'

/** Answers an upgrade that is not taken, and closes its socket. */
export function refuseUpgrade(socket: Duplex, error: TapriError, log: Log): void {
  const body = problemText(error, log)
  // the sender may be gone already, which ends nothing but this socket
  socket.on('error', () => socket.destroy())
  const headers = Object.entries({ ...refusalHeaders, 'Content-Length': Buffer.byteLength(body) })
  const head = [`HTTP/1.1 ${error.status} ${STATUS_CODES[error.status]}`, ...headers.map(([name, value]) => `${name}: ${value}`)]
  socket.end([...head, '', body].join('\r\n'))
}

/** Answers one that the server of the runtime itself would have taken. */
export function refuseOffer(offer: Offer, error: TapriError, log: Log): void {
  offer.refuse(new Response(problemText(error, log), { status: error.status, headers: refusalHeaders }))
}

const refusalHeaders = {
  'Content-Type': 'application/problem+json',
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  Connection: 'close',
}

function problemText(error: TapriError, log: Log): string {
  return JSON.stringify(liveProblem(error, {}, log))
}
