import { networkInterfaces } from 'node:os'
import type { Incoming } from './incoming.ts'

type Address = { readonly address: string; readonly port: number }

/** The connection of a request, as far as a runtime tells of it. */
export class IncomingLine {
  readonly #incoming: Incoming
  #other: Address | null | undefined

  constructor(incoming: Incoming) {
    this.#incoming = incoming
  }

  get remoteAddress(): string | undefined {
    return this.#address?.address
  }

  get remotePort(): number | undefined {
    return this.#address?.port
  }

  /** A server that listens everywhere is not told where a connection came to: any address of this machine's will do. */
  get localAddress(): string | undefined {
    const { runtime, headers } = this.#incoming
    if (runtime.hostname !== '0.0.0.0' && runtime.hostname !== '::') return runtime.hostname
    const named = (headers.host ?? '').replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1')
    return ownAddresses().find((address) => address === named)
  }

  get bytesRead(): number {
    return this.#incoming.received
  }

  get encrypted(): boolean {
    return false
  }

  get destroyed(): boolean {
    return this.#incoming.native.signal.aborted
  }

  /** Asks for the other side while the runtime knows it. */
  remember(): void {
    const { runtime, native, facts } = this.#incoming
    this.#other ??= runtime.address(native, facts)
  }

  get #address(): Address | null | undefined {
    this.remember()
    return this.#other
  }
}

function ownAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((addresses) => (addresses ?? []).map(({ address }) => address))
}
