import type { IncomingMessage } from 'node:http'
import { httpError } from './errors.ts'

/**
 * The hosts that requests may name: those listed (`*.tube.example` for all below one), and the address that the
 * connection came to, as health checks ask. A page of another site whose name was pointed at this machine (DNS
 * rebinding) names a host of its own, and so does who wants links in mails to lead elsewhere.
 */
export class Hosts {
  readonly #exact: ReadonlySet<string>
  readonly #below: readonly string[]
  /** Most requests name the host of the one before: one of ours as it was written. */
  #last: string | undefined

  /** @throws TAPRI_HTTP_HOSTS when one is not the name of a host */
  constructor(hosts: readonly string[]) {
    const wrong = hosts.find((host) => !hostName.test(host))
    if (wrong !== undefined) {
      const form = 'it must be a name without scheme and port, like "tube.example" or "*.tube.example"'
      throw httpError('TAPRI_HTTP_HOSTS', `Cannot answer for the host ${JSON.stringify(wrong)}: ${form}`)
    }
    const names = hosts.map((host) => host.toLowerCase())
    this.#exact = new Set(names.filter((name) => !name.startsWith('*.')))
    this.#below = names.filter((name) => name.startsWith('*.')).map((name) => name.slice(1))
  }

  /** @throws TAPRI_HTTP_HOST when the host that the request names is not ours */
  refuse(request: IncomingMessage, host: string | undefined): void {
    // HTTP/1.0 need not name one
    if (host === undefined || host === this.#last) return
    const name = host.replace(/:\d+$/, '').toLowerCase()
    if (this.#exact.has(name) || this.#below.some((end) => name.endsWith(end))) {
      this.#last = host
      return
    }
    if (name === cameTo(request)) return
    throw httpError('TAPRI_HTTP_HOST', `Cannot answer for the host "${name}": the app lists those that are its own in http.hosts`)
  }
}

const hostName = /^(?:\*\.)?[A-Za-z0-9][A-Za-z0-9._-]*$|^\[[0-9A-Fa-f:.]+\]$/

/** The address of this end of the connection, as a Host header writes it. */
function cameTo(request: IncomingMessage): string {
  const address = (request.socket.localAddress ?? '').replace(/^::ffff:(?=[\d.]+$)/, '')
  return address.includes(':') ? `[${address}]` : address
}
