import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import type { TapriError } from '../../kit/errors.ts'
import { httpError } from '../errors.ts'

/** Why a server cannot listen, whatever runtime says it. */
export function listenError(cause: unknown, port: number, host: string): TapriError {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  if (code === 'EADDRINUSE') {
    return httpError(
      'TAPRI_HTTP_PORT_IN_USE',
      `Cannot listen on port ${port}: another program is using it; stop that one or set PORT to another number`,
      { cause },
    )
  }
  if (code === 'EACCES') {
    return httpError(
      'TAPRI_HTTP_PORT_DENIED',
      `Cannot listen on port ${port}: this user may not open it; set PORT to a number above 1023`,
      { cause },
    )
  }
  return httpError(
    'TAPRI_HTTP_LISTEN',
    `Cannot listen on ${host}:${port}: ${cause instanceof Error ? cause.message : String(cause)}`,
    { cause },
  )
}

/** The address of this machine that a name stands for, as node:http takes it. */
export async function addressOf(host: string): Promise<string> {
  return isIP(host) === 0 ? (await lookup(host).catch(() => ({ address: host }))).address : host
}

/** The URL of a server without its scheme. */
export function urlOf(host: string, port: number): string {
  if (host === '0.0.0.0' || host === '::') return `://localhost:${port}`
  return host.includes(':') ? `://[${host}]:${port}` : `://${host}:${port}`
}
