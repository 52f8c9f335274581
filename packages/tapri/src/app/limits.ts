import type { IncomingMessage } from 'node:http'
import { callerAddress, isLocalAddress, senderOf, type TrustProxy } from '../http/index.ts'
import type { Settings } from './settings.ts'

const thisMachine = ['127.0.0.1', '::1', 'localhost']

/**
 * Whose live sockets are counted together. While no proxy is trusted and no number was chosen, a local address is not
 * counted: it may be a proxy that speaks for everybody.
 */
export function socketSender(trust: TrustProxy, isChosen: boolean): (request: IncomingMessage) => string | undefined {
  return (request) => {
    const ip = callerAddress(request, trust)
    return !isChosen && trust === 0 && isLocalAddress(ip) ? undefined : senderOf(ip)
  }
}

/**
 * The hosts that requests may name where the app names none: in development on this machine alone its own names, as
 * pages of other sites can have their name pointed at it; elsewhere nobody knows them.
 */
export function ownHosts({ NODE_ENV, HOST }: Settings): { readonly hosts?: readonly string[] } {
  return NODE_ENV === 'development' && thisMachine.includes(HOST)
    ? { hosts: ['localhost', '*.localhost', '127.0.0.1', '[::1]'] }
    : {}
}
